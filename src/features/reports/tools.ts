import { IdParams } from '../../http/schema'
import { type Tool, tool } from '../../http/tool'
import { ListReports, OneReport, ReportList, toReport, toReportSummary } from './schema'
import type { Reports } from './service'

const READ = { scope: 'reports:read' } as const

export const reportTools = ({ reports }: { reports: Reports }): Tool[] => [
  tool({
    name: 'reports_list',
    title: 'List weekly reports',
    description: 'List the weekly reports of the workspace, newest first, with their totals.',
    access: READ,
    effect: 'reads',
    input: ListReports,
    output: ReportList,
    run({ principal }, query) {
      const { rows, total, nextCursor } = reports.list(principal, query)
      const { limit, offset } = query
      return { data: rows.map(toReportSummary), meta: { total, limit, offset, nextCursor } }
    },
  }),
  tool({
    name: 'report_get',
    title: 'Show a weekly report',
    description: 'Read one weekly report with everything that was counted.',
    access: READ,
    effect: 'reads',
    input: IdParams,
    output: OneReport,
    run: ({ principal }, { id }) => ({ data: toReport(reports.find(principal, id)) }),
  }),
]
