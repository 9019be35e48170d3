import { wholePage } from '../../http/schema'
import { type Tool, tool } from '../../http/tool'
import {
  FolderSchemas,
  ListLabels,
  TagSchemas,
  toColouredLabel,
  toUtmTemplate,
  UtmTemplateSchemas,
} from './schema'
import type { Labels } from './service'

export const labelTools = ({ labels }: { labels: Labels }): Tool[] => [
  tool({
    name: 'folders_list',
    title: 'List folders',
    description: 'List the folders of short links, for the id of one by its name.',
    access: { scope: 'folders:read' },
    effect: 'reads',
    input: ListLabels,
    output: FolderSchemas.List,
    run: ({ principal }, query) =>
      wholePage(labels.folders.list(principal).map(toColouredLabel), query),
  }),
  tool({
    name: 'tags_list',
    title: 'List tags',
    description: 'List the tags of short links, for the id of one by its name.',
    access: { scope: 'tags:read' },
    effect: 'reads',
    input: ListLabels,
    output: TagSchemas.List,
    run: ({ principal }, query) =>
      wholePage(labels.tags.list(principal).map(toColouredLabel), query),
  }),
  tool({
    name: 'utm_templates_list',
    title: 'List UTM templates',
    description: 'List the sets of UTM parameters that short links may copy.',
    access: { scope: 'utm_templates:read' },
    effect: 'reads',
    input: ListLabels,
    output: UtmTemplateSchemas.List,
    run: ({ principal }, query) =>
      wholePage(labels.utmTemplates.list(principal).map(toUtmTemplate), query),
  }),
]
