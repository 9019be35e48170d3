CREATE TABLE `domains` (
	`id` text PRIMARY KEY NOT NULL,
	`workspace_id` text NOT NULL,
	`host` text NOT NULL,
	`verified_at` integer,
	`health` text NOT NULL,
	`failures` integer NOT NULL,
	`unhealthy_since` integer,
	`recovered_at` integer,
	`checked_at` integer,
	`next_check_at` integer,
	`findings` text,
	`root_redirect` text,
	`not_found_redirect` text,
	`title` text,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`workspace_id`) REFERENCES `workspaces`(`id`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `domains_claim` ON `domains` (`workspace_id`,`host`);--> statement-breakpoint
CREATE UNIQUE INDEX `domains_owner` ON `domains` (`host`) WHERE verified_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX `domains_newest` ON `domains` (`workspace_id`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `domains_due` ON `domains` (`next_check_at`) WHERE next_check_at IS NOT NULL;