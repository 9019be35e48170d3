CREATE TABLE `webhook_replays` (
	`no` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`endpoint_id` text NOT NULL,
	`workspace_id` text NOT NULL,
	`status` text NOT NULL,
	`from_at` integer NOT NULL,
	`to_at` integer NOT NULL,
	`after_sequence` integer NOT NULL,
	`to_sequence` integer NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`endpoint_id`) REFERENCES `webhook_endpoints`(`id`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE INDEX `webhook_replays_endpoint` ON `webhook_replays` (`endpoint_id`);--> statement-breakpoint
DROP INDEX `webhook_endpoints_ready_failing`;--> statement-breakpoint
ALTER TABLE `webhook_endpoints` ADD `sweep_to` integer;--> statement-breakpoint
CREATE INDEX `webhook_endpoints_ready_probing` ON `webhook_endpoints` (`next_claim_at`,`last_served_at`) WHERE enabled = 1 AND failing_since IS NOT NULL AND breaker_trips > 0;--> statement-breakpoint
CREATE INDEX `webhook_endpoints_untold` ON `webhook_endpoints` (`disabled_at`) WHERE owner_told_at IS NULL AND disabled_reason IN ('gone', 'failing');--> statement-breakpoint
CREATE INDEX `webhook_endpoints_ready_failing` ON `webhook_endpoints` (`next_claim_at`,`last_served_at`) WHERE enabled = 1 AND failing_since IS NOT NULL AND breaker_trips = 0;