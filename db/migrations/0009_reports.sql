CREATE TABLE `report_opt_outs` (
	`member_id` text PRIMARY KEY NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`member_id`) REFERENCES `members`(`id`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE TABLE `reports` (
	`id` text PRIMARY KEY NOT NULL,
	`workspace_id` text NOT NULL,
	`week` text NOT NULL,
	`status` text NOT NULL,
	`timezone` text NOT NULL,
	`starts_at` integer NOT NULL,
	`ends_at` integer NOT NULL,
	`figures` text NOT NULL,
	`created_at` integer NOT NULL,
	`share_token_hash` text,
	`share_password_hash` text,
	`share_expires_at` integer,
	`shared_at` integer,
	FOREIGN KEY (`workspace_id`) REFERENCES `workspaces`(`id`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `reports_week` ON `reports` (`workspace_id`,`week`);--> statement-breakpoint
CREATE UNIQUE INDEX `reports_share` ON `reports` (`share_token_hash`);