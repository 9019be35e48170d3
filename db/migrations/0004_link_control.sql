ALTER TABLE `clicks` ADD `variant` integer;--> statement-breakpoint
ALTER TABLE `clicks` ADD `rule` integer;--> statement-breakpoint
ALTER TABLE `links` ADD `starts_at` integer;--> statement-breakpoint
ALTER TABLE `links` ADD `expires_at` integer;--> statement-breakpoint
ALTER TABLE `links` ADD `expired_url` text;--> statement-breakpoint
ALTER TABLE `links` ADD `password_hash` text;--> statement-breakpoint
ALTER TABLE `links` ADD `click_limit` integer;--> statement-breakpoint
ALTER TABLE `links` ADD `rules` text;--> statement-breakpoint
ALTER TABLE `links` ADD `variants` text;--> statement-breakpoint
ALTER TABLE `links` ADD `forward_query` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `links` ADD `track_conversions` integer DEFAULT false NOT NULL;