CREATE TABLE `one_time_tokens` (
	`token_hash` text PRIMARY KEY NOT NULL,
	`purpose` text NOT NULL,
	`user_id` text,
	`email` text,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`used_at` integer,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE INDEX `one_time_tokens_user` ON `one_time_tokens` (`user_id`,`purpose`);--> statement-breakpoint
CREATE INDEX `one_time_tokens_expiry` ON `one_time_tokens` (`expires_at`);--> statement-breakpoint
CREATE TABLE `recovery_codes` (
	`code_hash` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`used_at` integer,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE INDEX `recovery_codes_user` ON `recovery_codes` (`user_id`);--> statement-breakpoint
CREATE TABLE `sign_in_failures` (
	`no` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`user_id` text NOT NULL,
	`at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE INDEX `sign_in_failures_user` ON `sign_in_failures` (`user_id`,`at`);--> statement-breakpoint
CREATE TABLE `users` (
	`id` text PRIMARY KEY NOT NULL,
	`email` text NOT NULL,
	`name` text NOT NULL,
	`password_hash` text,
	`role` text NOT NULL,
	`email_verified_at` integer,
	`blocked_at` integer,
	`totp_secret_sealed` text,
	`totp_enabled_at` integer,
	`totp_last_step` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `users_email` ON `users` (`email`);--> statement-breakpoint
CREATE INDEX `users_newest` ON `users` (`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `users_superadmins` ON `users` (`id`) WHERE role = 'SUPERADMIN';--> statement-breakpoint
CREATE TABLE `audit_log` (
	`id` text PRIMARY KEY NOT NULL,
	`workspace_id` text,
	`actor_kind` text NOT NULL,
	`actor_id` text,
	`actor_name` text NOT NULL,
	`action` text NOT NULL,
	`subject_id` text,
	`details` text,
	`at` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE INDEX `audit_log_at` ON `audit_log` (`at`,`id`);--> statement-breakpoint
CREATE INDEX `audit_log_workspace` ON `audit_log` (`workspace_id`,`at`,`id`);--> statement-breakpoint
CREATE TABLE `sessions` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`kind` text NOT NULL,
	`secret_hash` text,
	`user_agent` text,
	`created_at` integer NOT NULL,
	`last_seen_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`revoked_at` integer,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE INDEX `sessions_user` ON `sessions` (`user_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `sessions_secret` ON `sessions` (`secret_hash`);--> statement-breakpoint
CREATE INDEX `sessions_expiry` ON `sessions` (`expires_at`);--> statement-breakpoint
CREATE TABLE `spent_refresh_tokens` (
	`token_hash` text PRIMARY KEY NOT NULL,
	`session_id` text NOT NULL,
	`spent_at` integer NOT NULL,
	FOREIGN KEY (`session_id`) REFERENCES `sessions`(`id`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE INDEX `spent_refresh_tokens_session` ON `spent_refresh_tokens` (`session_id`);--> statement-breakpoint
CREATE TABLE `billing_groups` (
	`id` text PRIMARY KEY NOT NULL,
	`owner_user_id` text NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`owner_user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action
) STRICT;
--> statement-breakpoint
CREATE INDEX `billing_groups_owner` ON `billing_groups` (`owner_user_id`);--> statement-breakpoint
CREATE TABLE `plans` (
	`key` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`price_monthly_minor` integer NOT NULL,
	`currency` text NOT NULL,
	`position` integer NOT NULL,
	`limits` text NOT NULL,
	`features` text NOT NULL,
	`archived_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE TABLE `subscriptions` (
	`id` text PRIMARY KEY NOT NULL,
	`billing_group_id` text NOT NULL,
	`plan_key` text NOT NULL,
	`status` text NOT NULL,
	`interval` text NOT NULL,
	`provider` text NOT NULL,
	`current_period_start` integer NOT NULL,
	`current_period_end` integer NOT NULL,
	`cancel_at_period_end` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`billing_group_id`) REFERENCES `billing_groups`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`plan_key`) REFERENCES `plans`(`key`) ON UPDATE no action ON DELETE no action
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `subscriptions_group` ON `subscriptions` (`billing_group_id`);--> statement-breakpoint
CREATE TABLE `click_progress` (
	`no` integer PRIMARY KEY NOT NULL,
	`segment` integer NOT NULL,
	`offset` integer NOT NULL,
	`last_id` integer NOT NULL,
	`rolled_id` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE TABLE `click_rollups` (
	`scope` integer NOT NULL,
	`owner_no` integer NOT NULL,
	`dimension` integer NOT NULL,
	`grain` integer NOT NULL,
	`bucket` integer NOT NULL,
	`term` integer NOT NULL,
	`human` integer NOT NULL,
	`duplicate` integer NOT NULL,
	`uniques` integer NOT NULL,
	`bot` integer NOT NULL,
	`preview` integer NOT NULL,
	`prefetch` integer NOT NULL,
	PRIMARY KEY(`scope`, `owner_no`, `dimension`, `grain`, `bucket`, `term`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `click_terms` (
	`no` integer PRIMARY KEY NOT NULL,
	`text` text NOT NULL
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `click_terms_text` ON `click_terms` (`text`);--> statement-breakpoint
CREATE TABLE `clicks` (
	`id` integer PRIMARY KEY NOT NULL,
	`link_no` integer NOT NULL,
	`workspace_no` integer NOT NULL,
	`at` integer NOT NULL,
	`verdict` integer NOT NULL,
	`firsts` integer NOT NULL,
	`visitor` integer NOT NULL,
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
	`utm_content` integer
) STRICT;
--> statement-breakpoint
CREATE INDEX `clicks_link` ON `clicks` (`link_no`);--> statement-breakpoint
CREATE TABLE `link_totals` (
	`link_no` integer PRIMARY KEY NOT NULL,
	`clicks` integer NOT NULL,
	`uniques` integer NOT NULL,
	`bots` integer NOT NULL,
	`last_clicked_at` integer
) STRICT;
--> statement-breakpoint
CREATE TABLE `rollup_marks` (
	`scope` integer NOT NULL,
	`owner_no` integer NOT NULL,
	`rolled_id` integer NOT NULL,
	PRIMARY KEY(`scope`, `owner_no`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `workspace_months` (
	`workspace_no` integer NOT NULL,
	`month` integer NOT NULL,
	`clicks` integer NOT NULL,
	PRIMARY KEY(`workspace_no`, `month`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `keys` (
	`id` text PRIMARY KEY NOT NULL,
	`workspace_id` text,
	`user_id` text,
	`kind` text NOT NULL,
	`name` text NOT NULL,
	`key_hash` text NOT NULL,
	`prefix` text NOT NULL,
	`scopes` text NOT NULL,
	`allowed_origins` text,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`last_used_at` integer,
	`expires_at` integer,
	`revoked_at` integer,
	FOREIGN KEY (`workspace_id`) REFERENCES `workspaces`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `keys_hash` ON `keys` (`key_hash`);--> statement-breakpoint
CREATE INDEX `keys_workspace` ON `keys` (`workspace_id`,`created_at`);--> statement-breakpoint
CREATE INDEX `keys_user` ON `keys` (`user_id`,`created_at`);--> statement-breakpoint
CREATE TABLE `link_counts` (
	`workspace_id` text PRIMARY KEY NOT NULL,
	`live` integer NOT NULL,
	FOREIGN KEY (`workspace_id`) REFERENCES `workspaces`(`id`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE TABLE `link_history` (
	`no` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`link_id` text NOT NULL,
	`actor_name` text NOT NULL,
	`changes` text NOT NULL,
	`at` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE INDEX `link_history_link` ON `link_history` (`link_id`,`no`);--> statement-breakpoint
CREATE TABLE `links` (
	`no` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`workspace_id` text NOT NULL,
	`host` text NOT NULL,
	`slug` text NOT NULL,
	`kind` text NOT NULL,
	`original_url` text,
	`target_url` text,
	`title` text,
	`notes` text,
	`external_id` text,
	`is_active` integer NOT NULL,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`deleted_at` integer,
	FOREIGN KEY (`workspace_id`) REFERENCES `workspaces`(`id`) ON UPDATE no action ON DELETE no action
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `links_id` ON `links` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `links_slug` ON `links` (`host`,`slug`) WHERE deleted_at IS NULL;--> statement-breakpoint
CREATE UNIQUE INDEX `links_external` ON `links` (`workspace_id`,`external_id`);--> statement-breakpoint
CREATE INDEX `links_newest` ON `links` (`workspace_id`,`created_at`,`id`) WHERE deleted_at IS NULL;--> statement-breakpoint
CREATE INDEX `links_purge` ON `links` (`deleted_at`) WHERE deleted_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `slug_tombstones` (
	`no` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`host` text NOT NULL,
	`slug` text NOT NULL,
	`workspace_id` text NOT NULL,
	`deleted_at` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `slug_tombstones_slug` ON `slug_tombstones` (`host`,`slug`);--> statement-breakpoint
CREATE TABLE `mails` (
	`id` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`recipient` text NOT NULL,
	`subject` text NOT NULL,
	`body_sealed` text,
	`state` text NOT NULL,
	`attempts` integer NOT NULL,
	`next_attempt_at` integer NOT NULL,
	`leased_until` integer,
	`last_error` text,
	`created_at` integer NOT NULL,
	`sent_at` integer
) STRICT;
--> statement-breakpoint
CREATE INDEX `mails_due` ON `mails` (`state`,`next_attempt_at`);--> statement-breakpoint
CREATE INDEX `mails_newest` ON `mails` (`created_at`,`id`);--> statement-breakpoint
CREATE TABLE `idempotency_keys` (
	`scope` text NOT NULL,
	`key` text NOT NULL,
	`fingerprint` text NOT NULL,
	`status` integer NOT NULL,
	`body_sealed` text NOT NULL,
	`expires_at` integer NOT NULL,
	PRIMARY KEY(`scope`, `key`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `idempotency_keys_expiry` ON `idempotency_keys` (`expires_at`);--> statement-breakpoint
CREATE TABLE `installation` (
	`name` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL
) STRICT;
--> statement-breakpoint
CREATE TABLE `deliveries` (
	`no` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`workspace_id` text NOT NULL,
	`event_id` text NOT NULL,
	`endpoint_id` text NOT NULL,
	`status` text NOT NULL,
	`attempts` integer DEFAULT 0 NOT NULL,
	`step` integer DEFAULT 0 NOT NULL,
	`due_at` integer NOT NULL,
	`lease_token` text,
	`leased_at` integer,
	`lease_until` integer,
	`last_status_code` integer,
	`last_error` text,
	`created_at` integer NOT NULL,
	`finished_at` integer,
	FOREIGN KEY (`event_id`) REFERENCES `events`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`endpoint_id`) REFERENCES `webhook_endpoints`(`id`) ON UPDATE no action ON DELETE no action
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `deliveries_id` ON `deliveries` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `deliveries_once` ON `deliveries` (`event_id`,`endpoint_id`);--> statement-breakpoint
CREATE INDEX `deliveries_due` ON `deliveries` (`endpoint_id`,`due_at`) WHERE status = 'pending';--> statement-breakpoint
CREATE INDEX `deliveries_leases` ON `deliveries` (`lease_until`) WHERE status = 'sending';--> statement-breakpoint
CREATE INDEX `deliveries_newest` ON `deliveries` (`endpoint_id`);--> statement-breakpoint
CREATE INDEX `deliveries_status` ON `deliveries` (`endpoint_id`,`status`);--> statement-breakpoint
CREATE TABLE `delivery_attempts` (
	`delivery_no` integer NOT NULL,
	`n` integer NOT NULL,
	`id` text NOT NULL,
	`started_at` integer NOT NULL,
	`duration_ms` integer NOT NULL,
	`status_code` integer,
	`error` text,
	`response_head` text,
	PRIMARY KEY(`delivery_no`, `n`),
	FOREIGN KEY (`delivery_no`) REFERENCES `deliveries`(`no`) ON UPDATE no action ON DELETE no action
) STRICT;
--> statement-breakpoint
CREATE TABLE `event_sequences` (
	`workspace_id` text PRIMARY KEY NOT NULL,
	`last` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE TABLE `events` (
	`id` text PRIMARY KEY NOT NULL,
	`workspace_id` text NOT NULL,
	`project_id` text,
	`type` text NOT NULL,
	`sequence` integer NOT NULL,
	`body` blob NOT NULL,
	`created_at` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `events_sequence` ON `events` (`workspace_id`,`sequence`);--> statement-breakpoint
CREATE INDEX `events_type` ON `events` (`workspace_id`,`type`,`sequence`);--> statement-breakpoint
CREATE INDEX `events_created` ON `events` (`created_at`);--> statement-breakpoint
CREATE TABLE `webhook_endpoints` (
	`id` text PRIMARY KEY NOT NULL,
	`workspace_id` text NOT NULL,
	`url` text NOT NULL,
	`description` text,
	`events` text NOT NULL,
	`enabled` integer NOT NULL,
	`disabled_reason` text,
	`disabled_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`deleted_at` integer,
	`next_claim_at` integer,
	`last_served_at` integer DEFAULT 0 NOT NULL,
	`in_flight_max` integer DEFAULT 5 NOT NULL,
	`rate_per_minute` integer,
	`failing_since` integer,
	`consecutive_failures` integer DEFAULT 0 NOT NULL,
	`last_success_at` integer,
	`throttled_until` integer,
	`breaker_until` integer,
	`breaker_trips` integer DEFAULT 0 NOT NULL,
	`window_started_at` integer,
	`window_attempts` integer DEFAULT 0 NOT NULL,
	`window_failures` integer DEFAULT 0 NOT NULL,
	`owner_told_at` integer,
	`sweep_at` integer,
	FOREIGN KEY (`workspace_id`) REFERENCES `workspaces`(`id`) ON UPDATE no action ON DELETE no action
) STRICT;
--> statement-breakpoint
CREATE INDEX `webhook_endpoints_workspace` ON `webhook_endpoints` (`workspace_id`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `webhook_endpoints_ready` ON `webhook_endpoints` (`next_claim_at`,`last_served_at`) WHERE enabled = 1 AND failing_since IS NULL;--> statement-breakpoint
CREATE INDEX `webhook_endpoints_ready_failing` ON `webhook_endpoints` (`next_claim_at`,`last_served_at`) WHERE enabled = 1 AND failing_since IS NOT NULL;--> statement-breakpoint
CREATE INDEX `webhook_endpoints_sweep` ON `webhook_endpoints` (`sweep_at`) WHERE sweep_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `webhook_secrets` (
	`endpoint_id` text NOT NULL,
	`version` integer NOT NULL,
	`sealed` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer,
	PRIMARY KEY(`endpoint_id`, `version`),
	FOREIGN KEY (`endpoint_id`) REFERENCES `webhook_endpoints`(`id`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE TABLE `invitations` (
	`id` text PRIMARY KEY NOT NULL,
	`workspace_id` text NOT NULL,
	`email` text NOT NULL,
	`role` text NOT NULL,
	`token_hash` text NOT NULL,
	`invited_by` text,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`accepted_at` integer,
	`revoked_at` integer,
	FOREIGN KEY (`workspace_id`) REFERENCES `workspaces`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`invited_by`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE set null
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `invitations_token` ON `invitations` (`token_hash`);--> statement-breakpoint
CREATE INDEX `invitations_workspace` ON `invitations` (`workspace_id`);--> statement-breakpoint
CREATE INDEX `invitations_email` ON `invitations` (`email`);--> statement-breakpoint
CREATE TABLE `members` (
	`id` text PRIMARY KEY NOT NULL,
	`workspace_id` text NOT NULL,
	`user_id` text NOT NULL,
	`role` text NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`workspace_id`) REFERENCES `workspaces`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `members_seat` ON `members` (`workspace_id`,`user_id`);--> statement-breakpoint
CREATE INDEX `members_user` ON `members` (`user_id`,`created_at`);--> statement-breakpoint
CREATE TABLE `workspaces` (
	`no` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`name` text NOT NULL,
	`slug` text NOT NULL,
	`billing_group_id` text NOT NULL,
	`timezone` text NOT NULL,
	`branding_name` text,
	`branding_logo_url` text,
	`branding_color` text,
	`brand` text NOT NULL,
	`retention_days` integer,
	`tracking_schedule` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`deleted_at` integer,
	FOREIGN KEY (`billing_group_id`) REFERENCES `billing_groups`(`id`) ON UPDATE no action ON DELETE no action
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `workspaces_id` ON `workspaces` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `workspaces_slug` ON `workspaces` (`slug`);--> statement-breakpoint
CREATE INDEX `workspaces_group` ON `workspaces` (`billing_group_id`);--> statement-breakpoint
CREATE INDEX `workspaces_purge` ON `workspaces` (`deleted_at`) WHERE deleted_at IS NOT NULL;