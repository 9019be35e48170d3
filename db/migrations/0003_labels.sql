CREATE TABLE `labels` (
	`no` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`workspace_id` text NOT NULL,
	`kind` text NOT NULL,
	`name` text NOT NULL,
	`color` text,
	`utm_source` text,
	`utm_medium` text,
	`utm_campaign` text,
	`utm_term` text,
	`utm_content` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`deleted_at` integer,
	FOREIGN KEY (`workspace_id`) REFERENCES `workspaces`(`id`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `labels_id` ON `labels` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `labels_name` ON `labels` (`workspace_id`,`kind`,`name`) WHERE deleted_at IS NULL;--> statement-breakpoint
CREATE INDEX `labels_purge` ON `labels` (`deleted_at`) WHERE deleted_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `link_tags` (
	`link_no` integer NOT NULL,
	`tag_id` text NOT NULL,
	PRIMARY KEY(`link_no`, `tag_id`),
	FOREIGN KEY (`link_no`) REFERENCES `links`(`no`) ON UPDATE no action ON DELETE cascade
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `link_tags_tag` ON `link_tags` (`tag_id`);--> statement-breakpoint
ALTER TABLE `links` ADD `folder_id` text;--> statement-breakpoint
ALTER TABLE `links` ADD `utm` text;--> statement-breakpoint
ALTER TABLE `links` ADD `utm_template_id` text;--> statement-breakpoint
CREATE INDEX `links_folder` ON `links` (`folder_id`) WHERE folder_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX `links_utm_template` ON `links` (`utm_template_id`) WHERE utm_template_id IS NOT NULL;