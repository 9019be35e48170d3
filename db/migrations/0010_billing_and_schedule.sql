CREATE TABLE `invoice_payments` (
	`provider` text NOT NULL,
	`payment_id` text NOT NULL,
	`event_id` text NOT NULL,
	`invoice_id` text NOT NULL,
	`currency` text NOT NULL,
	`amount_minor` integer NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`provider`, `payment_id`),
	FOREIGN KEY (`invoice_id`) REFERENCES `invoices`(`id`) ON UPDATE no action ON DELETE no action
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `invoice_payments_event` ON `invoice_payments` (`provider`,`event_id`);--> statement-breakpoint
CREATE INDEX `invoice_payments_invoice` ON `invoice_payments` (`invoice_id`);--> statement-breakpoint
CREATE TABLE `invoices` (
	`id` text PRIMARY KEY NOT NULL,
	`number` integer NOT NULL,
	`billing_group_id` text NOT NULL,
	`subscription_id` text NOT NULL,
	`status` text NOT NULL,
	`currency` text NOT NULL,
	`lines` text NOT NULL,
	`total_minor` integer NOT NULL,
	`plan_key` text NOT NULL,
	`interval` text NOT NULL,
	`period_start` integer NOT NULL,
	`period_end` integer NOT NULL,
	`recipient_name` text NOT NULL,
	`recipient_email` text NOT NULL,
	`issued_at` integer NOT NULL,
	`due_at` integer NOT NULL,
	`paid_at` integer,
	`reference` text,
	FOREIGN KEY (`billing_group_id`) REFERENCES `billing_groups`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`subscription_id`) REFERENCES `subscriptions`(`id`) ON UPDATE no action ON DELETE no action
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `invoices_number` ON `invoices` (`number`);--> statement-breakpoint
CREATE INDEX `invoices_group` ON `invoices` (`billing_group_id`,`number`);--> statement-breakpoint
CREATE INDEX `invoices_unpaid` ON `invoices` (`status`,`issued_at`,`subscription_id`);--> statement-breakpoint
CREATE TABLE `subscription_periods` (
	`subscription_id` text NOT NULL,
	`start_at` integer NOT NULL,
	`end_at` integer NOT NULL,
	`plan_key` text NOT NULL,
	`interval` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`subscription_id`, `start_at`),
	FOREIGN KEY (`subscription_id`) REFERENCES `subscriptions`(`id`) ON UPDATE no action ON DELETE no action
) STRICT;
--> statement-breakpoint
CREATE TABLE `usage_counters` (
	`workspace_id` text NOT NULL,
	`limit_name` text NOT NULL,
	`period` integer NOT NULL,
	`used` integer NOT NULL,
	PRIMARY KEY(`workspace_id`, `limit_name`, `period`)
) STRICT;
--> statement-breakpoint
CREATE TABLE `usage_notices` (
	`workspace_id` text NOT NULL,
	`limit_name` text NOT NULL,
	`period` integer NOT NULL,
	`allowed` integer NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`workspace_id`, `limit_name`, `period`, `allowed`)
) STRICT;
--> statement-breakpoint
CREATE TABLE `cron_runs` (
	`id` text PRIMARY KEY NOT NULL,
	`task` text NOT NULL,
	`trigger` text NOT NULL,
	`boot_id` text NOT NULL,
	`started_at` integer NOT NULL,
	`finished_at` integer,
	`outcome` text NOT NULL,
	`ran` text NOT NULL,
	`error` text
) STRICT;
--> statement-breakpoint
CREATE INDEX `cron_runs_newest` ON `cron_runs` (`started_at`,`id`);--> statement-breakpoint
ALTER TABLE `subscriptions` ADD `anchor_at` integer;--> statement-breakpoint
ALTER TABLE `subscriptions` ADD `next_plan_key` text REFERENCES plans(key);--> statement-breakpoint
ALTER TABLE `subscriptions` ADD `next_interval` text;--> statement-breakpoint
ALTER TABLE `subscriptions` ADD `period_amount_minor` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `subscriptions` ADD `credit_minor` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `subscriptions_due` ON `subscriptions` (`current_period_end`,`id`);