CREATE TABLE `click_chunks` (
	`workspace_no` integer NOT NULL,
	`last_id` integer NOT NULL,
	`first_id` integer NOT NULL,
	`clicks` integer NOT NULL,
	`first_at` integer NOT NULL,
	`last_at` integer NOT NULL,
	PRIMARY KEY(`workspace_no`, `last_id`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `click_columns` (
	`workspace_no` integer NOT NULL,
	`last_id` integer NOT NULL,
	`column` integer NOT NULL,
	`codes` blob NOT NULL,
	PRIMARY KEY(`workspace_no`, `last_id`, `column`)
) STRICT;
--> statement-breakpoint
CREATE TABLE `click_retention` (
	`workspace_no` integer PRIMARY KEY NOT NULL,
	`kept_from` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE TABLE `purged_clicks` (
	`workspace_no` integer NOT NULL,
	`link_no` integer NOT NULL,
	`to_id` integer NOT NULL,
	`cleaned_id` integer,
	PRIMARY KEY(`workspace_no`, `link_no`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `rollup_pages` (
	`scope` integer NOT NULL,
	`owner_no` integer NOT NULL,
	`dimension` integer NOT NULL,
	`grain` integer NOT NULL,
	`bucket` integer NOT NULL,
	`page` integer NOT NULL,
	`cells` blob NOT NULL,
	PRIMARY KEY(`scope`, `owner_no`, `dimension`, `grain`, `bucket`, `page`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `conversions` (
	`no` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`workspace_no` integer NOT NULL,
	`type` text NOT NULL,
	`source` text NOT NULL,
	`customer_no` integer NOT NULL,
	`at` integer NOT NULL,
	`event_name` text NOT NULL,
	`event_id` text,
	`invoice_id` text,
	`amount` integer,
	`currency` text,
	`sale_no` integer,
	`click_id` integer,
	`click_link_no` integer,
	`first_click_id` integer,
	`first_link_no` integer,
	`last_click_id` integer,
	`last_link_no` integer,
	`is_pending` integer NOT NULL,
	`country` integer,
	`region` integer,
	`city` integer,
	`device` integer,
	`os` integer,
	`browser` integer,
	`referrer` integer,
	`utm_source` integer,
	`utm_medium` integer,
	`utm_campaign` integer,
	`utm_term` integer,
	`utm_content` integer,
	`variant` integer,
	`rule` integer,
	`metadata` text,
	FOREIGN KEY (`workspace_no`) REFERENCES `workspaces`(`no`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`customer_no`) REFERENCES `customers`(`no`) ON UPDATE no action ON DELETE no action
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `conversions_id` ON `conversions` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `conversions_event` ON `conversions` (`workspace_no`,`type`,`event_id`) WHERE event_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX `conversions_invoice` ON `conversions` (`workspace_no`,`invoice_id`) WHERE invoice_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX `conversions_newest` ON `conversions` (`workspace_no`,`no`);--> statement-breakpoint
CREATE INDEX `conversions_customer` ON `conversions` (`customer_no`,`at`);--> statement-breakpoint
CREATE INDEX `conversions_sale` ON `conversions` (`sale_no`) WHERE sale_no IS NOT NULL;--> statement-breakpoint
CREATE INDEX `conversions_orphan` ON `conversions` (`customer_no`) WHERE type = 'refund' AND sale_no IS NULL;--> statement-breakpoint
CREATE INDEX `conversions_first_link` ON `conversions` (`first_link_no`,`no`);--> statement-breakpoint
CREATE INDEX `conversions_last_link` ON `conversions` (`last_link_no`,`no`);--> statement-breakpoint
CREATE INDEX `conversions_pending` ON `conversions` (`last_click_id`) WHERE is_pending = 1;--> statement-breakpoint
CREATE INDEX `conversions_figures` ON `conversions` (`workspace_no`,`at`,`type`,`currency`,`amount`,`customer_no`,`first_link_no`,`last_link_no`,`last_click_id`,`is_pending`,`country`,`region`,`city`,`device`,`os`,`browser`,`referrer`,`utm_source`,`utm_medium`,`utm_campaign`,`utm_term`,`utm_content`,`variant`,`rule`);--> statement-breakpoint
CREATE TABLE `customers` (
	`no` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`workspace_no` integer NOT NULL,
	`external_id` text NOT NULL,
	`email` text,
	`name` text,
	`first_click_id` integer,
	`first_link_no` integer,
	`last_click_id` integer,
	`last_link_no` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`workspace_no`) REFERENCES `workspaces`(`no`) ON UPDATE no action ON DELETE no action
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `customers_id` ON `customers` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `customers_external` ON `customers` (`workspace_no`,`external_id`);--> statement-breakpoint
CREATE INDEX `customers_newest` ON `customers` (`workspace_no`,`no`);--> statement-breakpoint
CREATE TABLE `import_rows` (
	`import_no` integer NOT NULL,
	`no` integer NOT NULL,
	`line` integer NOT NULL,
	`status` text NOT NULL,
	`host` text,
	`slug` text,
	`external_id` text,
	`link` text,
	`link_id` text,
	`short_url` text,
	`refusal` text,
	`warnings` text NOT NULL,
	PRIMARY KEY(`import_no`, `no`),
	FOREIGN KEY (`import_no`) REFERENCES `imports`(`no`) ON UPDATE no action ON DELETE no action
) STRICT;
--> statement-breakpoint
CREATE INDEX `import_rows_status` ON `import_rows` (`import_no`,`status`,`no`);--> statement-breakpoint
CREATE INDEX `import_rows_slug` ON `import_rows` (`import_no`,`slug`,`host`) WHERE slug IS NOT NULL;--> statement-breakpoint
CREATE INDEX `import_rows_external` ON `import_rows` (`import_no`,`external_id`) WHERE external_id IS NOT NULL;--> statement-breakpoint
CREATE TABLE `imports` (
	`no` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`workspace_id` text NOT NULL,
	`source` text NOT NULL,
	`status` text NOT NULL,
	`file_name` text NOT NULL,
	`file_bytes` integer NOT NULL,
	`stored_name` text,
	`stored_key` text,
	`format` text,
	`encoding` text,
	`options` text NOT NULL,
	`columns` text,
	`counts` text NOT NULL,
	`error` text,
	`actor` text NOT NULL,
	`applied_no` integer NOT NULL,
	`is_retry` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`finished_at` integer,
	`deleted_at` integer,
	FOREIGN KEY (`workspace_id`) REFERENCES `workspaces`(`id`) ON UPDATE no action ON DELETE no action
) STRICT;
--> statement-breakpoint
CREATE INDEX `imports_id` ON `imports` (`id`);--> statement-breakpoint
CREATE INDEX `imports_workspace` ON `imports` (`workspace_id`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `imports_work` ON `imports` (`status`) WHERE status IN ('parsing', 'applying');--> statement-breakpoint
CREATE INDEX `imports_updated` ON `imports` (`updated_at`);--> statement-breakpoint
CREATE TABLE `used_up_links` (
	`link_no` integer PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	FOREIGN KEY (`link_no`) REFERENCES `links`(`no`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE TABLE `stripe_customers` (
	`workspace_id` text NOT NULL,
	`stripe_id` text NOT NULL,
	`external_id` text NOT NULL,
	PRIMARY KEY(`workspace_id`, `stripe_id`),
	FOREIGN KEY (`workspace_id`) REFERENCES `workspaces`(`id`) ON UPDATE no action ON DELETE no action
) STRICT;
--> statement-breakpoint
CREATE TABLE `stripe_held_invoices` (
	`workspace_id` text NOT NULL,
	`invoice_id` text NOT NULL,
	`event_id` text NOT NULL,
	`invoice` text NOT NULL,
	`held_at` integer NOT NULL,
	PRIMARY KEY(`workspace_id`, `invoice_id`),
	FOREIGN KEY (`workspace_id`) REFERENCES `workspaces`(`id`) ON UPDATE no action ON DELETE no action
) STRICT;
--> statement-breakpoint
CREATE INDEX `stripe_held_invoices_due` ON `stripe_held_invoices` (`held_at`);--> statement-breakpoint
CREATE TABLE `stripe_payments` (
	`workspace_id` text NOT NULL,
	`payment_id` text NOT NULL,
	`customer_external_id` text,
	`invoice_id` text,
	`refunds` text NOT NULL,
	`refunded_of_charge` integer NOT NULL,
	`refund_recorded` integer NOT NULL,
	PRIMARY KEY(`workspace_id`, `payment_id`),
	FOREIGN KEY (`workspace_id`) REFERENCES `workspaces`(`id`) ON UPDATE no action ON DELETE no action
) STRICT;
--> statement-breakpoint
CREATE INDEX `stripe_payments_invoice` ON `stripe_payments` (`workspace_id`,`invoice_id`);--> statement-breakpoint
CREATE TABLE `stripe_sources` (
	`workspace_id` text PRIMARY KEY NOT NULL,
	`token_hash` text NOT NULL,
	`token_sealed` text NOT NULL,
	`secret_sealed` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`last_event_at` integer,
	FOREIGN KEY (`workspace_id`) REFERENCES `workspaces`(`id`) ON UPDATE no action ON DELETE no action
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `stripe_sources_token` ON `stripe_sources` (`token_hash`);--> statement-breakpoint
ALTER TABLE `links` ADD `imported_clicks` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `links_limited` ON `links` (`no`,`click_limit`) WHERE click_limit IS NOT NULL;