CREATE TABLE `analyses` (
	`id` text PRIMARY KEY NOT NULL,
	`workspace_id` text NOT NULL,
	`url` text,
	`status` text NOT NULL,
	`attempts` integer NOT NULL,
	`page` text,
	`captures` text NOT NULL,
	`measured` text,
	`measured_reason` text,
	`judged` text,
	`judged_reason` text,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`started_at` integer,
	`finished_at` integer,
	FOREIGN KEY (`workspace_id`) REFERENCES `workspaces`(`id`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE INDEX `analyses_newest` ON `analyses` (`workspace_id`,`created_at`);--> statement-breakpoint
CREATE INDEX `analyses_waiting` ON `analyses` (`status`,`created_at`);--> statement-breakpoint
CREATE TABLE `analysis_pictures` (
	`analysis_id` text PRIMARY KEY NOT NULL,
	`media_type` text NOT NULL,
	`width` integer NOT NULL,
	`height` integer NOT NULL,
	`bytes` blob NOT NULL,
	FOREIGN KEY (`analysis_id`) REFERENCES `analyses`(`id`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE TABLE `backlink_alerts` (
	`no` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`project_id` text NOT NULL,
	`backlink_no` integer NOT NULL,
	`kind` text NOT NULL,
	`changes` text NOT NULL,
	`at` integer NOT NULL,
	FOREIGN KEY (`backlink_no`) REFERENCES `backlinks`(`no`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE INDEX `backlink_alerts_project` ON `backlink_alerts` (`project_id`,`no`);--> statement-breakpoint
CREATE INDEX `backlink_alerts_backlink` ON `backlink_alerts` (`backlink_no`);--> statement-breakpoint
CREATE TABLE `backlink_checks` (
	`no` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`backlink_no` integer NOT NULL,
	`workspace_id` text NOT NULL,
	`checked_at` integer NOT NULL,
	`state_before` text NOT NULL,
	`state_after` text NOT NULL,
	`turn` text,
	`verdict` text NOT NULL,
	`status` integer,
	`fetch` text NOT NULL,
	`reasons` text NOT NULL,
	`body_sha256` text,
	`changes` text NOT NULL,
	`evidence` text,
	FOREIGN KEY (`backlink_no`) REFERENCES `backlinks`(`no`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE INDEX `backlink_checks_newest` ON `backlink_checks` (`backlink_no`,`no`);--> statement-breakpoint
CREATE INDEX `backlink_checks_turns` ON `backlink_checks` (`workspace_id`,`turn`,`checked_at`) WHERE turn IS NOT NULL;--> statement-breakpoint
CREATE TABLE `backlink_monitor` (
	`id` integer PRIMARY KEY NOT NULL,
	`outage_since` integer
) STRICT;
--> statement-breakpoint
CREATE TABLE `backlinks` (
	`no` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`workspace_id` text NOT NULL,
	`project_id` text NOT NULL,
	`site_id` text,
	`url` text NOT NULL,
	`url_key` text NOT NULL,
	`host` text NOT NULL,
	`origin` text NOT NULL,
	`state` text NOT NULL,
	`verdict` text,
	`issue` text,
	`first_miss_at` integer,
	`unknown_since` integer,
	`unverifiable_at` integer,
	`first_seen_at` integer,
	`last_seen_at` integer,
	`lost_at` integer,
	`steady_since` integer,
	`checked_at` integer,
	`next_check_at` integer NOT NULL,
	`lease_token` text,
	`lease_until` integer,
	`created_at` integer NOT NULL,
	`reasons` text NOT NULL,
	`told` text NOT NULL,
	`facts` text,
	`evidence` text,
	FOREIGN KEY (`workspace_id`) REFERENCES `workspaces`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`project_id`) REFERENCES `projects`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`site_id`) REFERENCES `sites`(`id`) ON UPDATE no action ON DELETE set null
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `backlinks_id` ON `backlinks` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `backlinks_url` ON `backlinks` (`project_id`,`url_key`);--> statement-breakpoint
CREATE INDEX `backlinks_newest` ON `backlinks` (`workspace_id`,`no`);--> statement-breakpoint
CREATE INDEX `backlinks_of_project` ON `backlinks` (`workspace_id`,`project_id`,`state`,`issue`);--> statement-breakpoint
CREATE INDEX `backlinks_site` ON `backlinks` (`site_id`) WHERE site_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX `backlinks_due` ON `backlinks` (`next_check_at`,`host`);--> statement-breakpoint
CREATE TABLE `jobs` (
	`id` text PRIMARY KEY NOT NULL,
	`workspace_id` text NOT NULL,
	`project_id` text NOT NULL,
	`site_id` text NOT NULL,
	`status` text NOT NULL,
	`skipped` text NOT NULL,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`ended_at` integer,
	`deleted_at` integer,
	FOREIGN KEY (`workspace_id`) REFERENCES `workspaces`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`project_id`) REFERENCES `projects`(`id`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE INDEX `jobs_newest` ON `jobs` (`workspace_id`,`created_at`,`id`) WHERE deleted_at IS NULL;--> statement-breakpoint
CREATE INDEX `jobs_workspace` ON `jobs` (`workspace_id`);--> statement-breakpoint
CREATE INDEX `jobs_project` ON `jobs` (`project_id`);--> statement-breakpoint
CREATE TABLE `submission_history` (
	`no` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`submission_no` integer NOT NULL,
	`workspace_id` text NOT NULL,
	`at` integer NOT NULL,
	`actor_kind` text NOT NULL,
	`actor_id` text,
	`actor_name` text NOT NULL,
	`from_status` text,
	`to_status` text NOT NULL,
	`reason` text,
	`message` text,
	`evidence` text,
	FOREIGN KEY (`submission_no`) REFERENCES `submissions`(`no`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE INDEX `submission_history_submission` ON `submission_history` (`submission_no`,`no`);--> statement-breakpoint
CREATE INDEX `submission_history_week` ON `submission_history` (`workspace_id`,`at`);--> statement-breakpoint
CREATE TABLE `submissions` (
	`no` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`job_id` text NOT NULL,
	`workspace_id` text NOT NULL,
	`project_id` text NOT NULL,
	`site_id` text NOT NULL,
	`directory_id` integer NOT NULL,
	`mode` text NOT NULL,
	`mode_reason` text,
	`status` text NOT NULL,
	`reason` text,
	`message` text,
	`missing` text NOT NULL,
	`until` integer,
	`claimed_by_id` text,
	`claimed_by_name` text,
	`evidence` text,
	`listing_url` text,
	`existing_url` text,
	`backlink_id` text,
	`approved_by` text,
	`approved_at` integer,
	`amount_minor` integer,
	`currency` text,
	`draft` text,
	`mail_id` text,
	`send_started_at` integer,
	`follow_ups` integer DEFAULT 0 NOT NULL,
	`last_follow_up_at` integer,
	`profile_version` integer,
	`pack_texts` text,
	`submitted_at` integer,
	`live_at` integer,
	`verified_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`due_at` integer,
	FOREIGN KEY (`job_id`) REFERENCES `jobs`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`directory_id`) REFERENCES `directories`(`id`) ON UPDATE no action ON DELETE no action
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `submissions_id` ON `submissions` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `submissions_once` ON `submissions` (`project_id`,`directory_id`) WHERE status NOT IN ('rejected', 'duplicate', 'withdrawn', 'failed');--> statement-breakpoint
CREATE INDEX `submissions_job` ON `submissions` (`job_id`,`status`);--> statement-breakpoint
CREATE INDEX `submissions_workspace` ON `submissions` (`workspace_id`,`status`,`no`);--> statement-breakpoint
CREATE INDEX `submissions_site` ON `submissions` (`site_id`,`status`);--> statement-breakpoint
CREATE INDEX `submissions_directory` ON `submissions` (`directory_id`);--> statement-breakpoint
CREATE INDEX `submissions_due` ON `submissions` (`due_at`,`no`) WHERE due_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX `submissions_delivered` ON `submissions` (`live_at`) WHERE live_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX `submissions_backlink` ON `submissions` (`backlink_id`) WHERE backlink_id IS NOT NULL;--> statement-breakpoint
CREATE TABLE `directories` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`key` text NOT NULL,
	`name` text NOT NULL,
	`home_url` text NOT NULL,
	`submit_url` text,
	`categories` text NOT NULL,
	`country` text,
	`mode` text NOT NULL,
	`price` text NOT NULL,
	`needs_login` integer,
	`needs_captcha` integer,
	`needs_reciprocal_link` integer,
	`notes` text,
	`submit_email` text,
	`review_days` integer,
	`fields` text,
	`form` text,
	`dr` real,
	`dr_source` text,
	`dr_fetched_at` integer,
	`status` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `directories_key` ON `directories` (`key`);--> statement-breakpoint
CREATE INDEX `directories_dr` ON `directories` (`dr`);--> statement-breakpoint
CREATE TABLE `projects` (
	`id` text PRIMARY KEY NOT NULL,
	`workspace_id` text NOT NULL,
	`name` text NOT NULL,
	`start_host` text NOT NULL,
	`registered_domain` text NOT NULL,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`deleted_at` integer,
	FOREIGN KEY (`workspace_id`) REFERENCES `workspaces`(`id`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `projects_domain` ON `projects` (`workspace_id`,`registered_domain`) WHERE deleted_at IS NULL;--> statement-breakpoint
CREATE INDEX `projects_newest` ON `projects` (`workspace_id`,`created_at`,`id`) WHERE deleted_at IS NULL;--> statement-breakpoint
CREATE INDEX `projects_purge` ON `projects` (`deleted_at`) WHERE deleted_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `actions` (
	`no` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`workspace_id` text NOT NULL,
	`project_id` text NOT NULL,
	`check_key` text NOT NULL,
	`state` text NOT NULL,
	`affected` integer NOT NULL,
	`samples` text NOT NULL,
	`ignored_at` integer,
	`marked_done_at` integer,
	`first_seen_at` integer NOT NULL,
	`last_seen_at` integer NOT NULL,
	`verified_by_scan_id` text,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`workspace_id`) REFERENCES `workspaces`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`project_id`) REFERENCES `projects`(`id`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `actions_id` ON `actions` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `actions_check` ON `actions` (`project_id`,`check_key`);--> statement-breakpoint
CREATE INDEX `actions_workspace` ON `actions` (`workspace_id`);--> statement-breakpoint
CREATE TABLE `scan_findings` (
	`no` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`scan_no` integer NOT NULL,
	`check_key` text NOT NULL,
	`url` text NOT NULL,
	`evidence` text NOT NULL,
	`found_on` text NOT NULL,
	`is_carried` integer DEFAULT false NOT NULL,
	FOREIGN KEY (`scan_no`) REFERENCES `scans`(`no`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `scan_findings_url` ON `scan_findings` (`scan_no`,`check_key`,`url`);--> statement-breakpoint
CREATE INDEX `scan_findings_page` ON `scan_findings` (`scan_no`,`url`);--> statement-breakpoint
CREATE TABLE `scan_pages` (
	`no` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`scan_no` integer NOT NULL,
	`url` text NOT NULL,
	`path` text NOT NULL,
	`state` text NOT NULL,
	`depth` integer,
	`hops` integer DEFAULT 0 NOT NULL,
	`in_sitemap` integer NOT NULL,
	`status` integer,
	`failure` text,
	`redirect_to` text,
	`redirect_kind` text,
	`hash` text,
	`looks_missing` integer DEFAULT false NOT NULL,
	`facts` text,
	`fetched_at` integer,
	FOREIGN KEY (`scan_no`) REFERENCES `scans`(`no`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `scan_pages_url` ON `scan_pages` (`scan_no`,`url`);--> statement-breakpoint
CREATE INDEX `scan_pages_path` ON `scan_pages` (`scan_no`,`path`);--> statement-breakpoint
CREATE INDEX `scan_pages_scan` ON `scan_pages` (`scan_no`);--> statement-breakpoint
CREATE INDEX `scan_pages_waiting` ON `scan_pages` (`scan_no`,`state`,`depth`,`no`);--> statement-breakpoint
CREATE TABLE `scan_probes` (
	`no` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`scan_no` integer NOT NULL,
	`url` text NOT NULL,
	`kind` text NOT NULL,
	`state` text NOT NULL,
	`status` integer,
	`failure` text,
	`bytes` integer,
	FOREIGN KEY (`scan_no`) REFERENCES `scans`(`no`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `scan_probes_url` ON `scan_probes` (`scan_no`,`url`);--> statement-breakpoint
CREATE INDEX `scan_probes_scan` ON `scan_probes` (`scan_no`);--> statement-breakpoint
CREATE TABLE `scans` (
	`no` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`workspace_id` text NOT NULL,
	`project_id` text NOT NULL,
	`domain` text NOT NULL,
	`start_url` text NOT NULL,
	`status` text NOT NULL,
	`reason` text,
	`pages_max` integer NOT NULL,
	`pages_fetched` integer DEFAULT 0 NOT NULL,
	`pages_known` integer DEFAULT 0 NOT NULL,
	`survey` text,
	`diff` text,
	`next_at` integer,
	`is_trimmed` integer DEFAULT false NOT NULL,
	`created_at` integer NOT NULL,
	`started_at` integer,
	`updated_at` integer NOT NULL,
	`finished_at` integer,
	FOREIGN KEY (`workspace_id`) REFERENCES `workspaces`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`project_id`) REFERENCES `projects`(`id`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `scans_id` ON `scans` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `scans_in_flight` ON `scans` (`project_id`) WHERE finished_at IS NULL;--> statement-breakpoint
CREATE INDEX `scans_project` ON `scans` (`project_id`,`no`);--> statement-breakpoint
CREATE INDEX `scans_workspace` ON `scans` (`workspace_id`);--> statement-breakpoint
CREATE INDEX `scans_next` ON `scans` (`next_at`) WHERE next_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX `scans_whole` ON `scans` (`project_id`,`no`) WHERE is_trimmed = 0;--> statement-breakpoint
CREATE INDEX `scans_unfinished` ON `scans` (`no`) WHERE finished_at IS NULL;--> statement-breakpoint
CREATE TABLE `sites` (
	`id` text PRIMARY KEY NOT NULL,
	`workspace_id` text NOT NULL,
	`project_id` text NOT NULL,
	`url` text NOT NULL,
	`name` text,
	`description` text,
	`profile` text NOT NULL,
	`version` integer NOT NULL,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`workspace_id`) REFERENCES `workspaces`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`project_id`) REFERENCES `projects`(`id`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `sites_url` ON `sites` (`workspace_id`,`url`);--> statement-breakpoint
CREATE INDEX `sites_newest` ON `sites` (`workspace_id`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `sites_project` ON `sites` (`project_id`);--> statement-breakpoint
CREATE TABLE `competitors` (
	`id` text PRIMARY KEY NOT NULL,
	`workspace_id` text NOT NULL,
	`name` text NOT NULL,
	`aliases` text NOT NULL,
	`negative_aliases` text NOT NULL,
	`domain` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`workspace_id`) REFERENCES `workspaces`(`id`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `competitors_name` ON `competitors` (`workspace_id`,`name`);--> statement-breakpoint
CREATE INDEX `competitors_newest` ON `competitors` (`workspace_id`,`created_at`,`id`);--> statement-breakpoint
CREATE TABLE `prompts` (
	`id` text PRIMARY KEY NOT NULL,
	`workspace_id` text NOT NULL,
	`text` text NOT NULL,
	`given_kind` text,
	`tags` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`workspace_id`) REFERENCES `workspaces`(`id`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `prompts_text` ON `prompts` (`workspace_id`,`text`);--> statement-breakpoint
CREATE INDEX `prompts_newest` ON `prompts` (`workspace_id`,`created_at`,`id`);--> statement-breakpoint
CREATE TABLE `tracking_answers` (
	`no` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`run_id` text NOT NULL,
	`prompt_id` text NOT NULL,
	`prompt` text NOT NULL,
	`prompt_hash` text NOT NULL,
	`kind` text NOT NULL,
	`sample` integer NOT NULL,
	`status` text NOT NULL,
	`due_at` integer NOT NULL,
	`claimed_by` text,
	`attempts` integer NOT NULL,
	`asked_at` integer,
	`answer` text,
	`detection` text,
	`signals` text,
	`cost_micro` integer,
	FOREIGN KEY (`run_id`) REFERENCES `tracking_runs`(`id`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `tracking_answers_id` ON `tracking_answers` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `tracking_answers_plan` ON `tracking_answers` (`run_id`,`prompt_id`,`sample`);--> statement-breakpoint
CREATE INDEX `tracking_answers_open` ON `tracking_answers` (`run_id`,`status`,`due_at`) WHERE status IN ('waiting', 'asking');--> statement-breakpoint
CREATE INDEX `tracking_answers_prompt` ON `tracking_answers` (`prompt_id`);--> statement-breakpoint
CREATE TABLE `tracking_runs` (
	`id` text PRIMARY KEY NOT NULL,
	`workspace_id` text NOT NULL,
	`platform` text NOT NULL,
	`surface` text NOT NULL,
	`status` text NOT NULL,
	`samples` integer NOT NULL,
	`planned_count` integer NOT NULL,
	`prompt_count` integer NOT NULL,
	`brands` text NOT NULL,
	`versions` text NOT NULL,
	`figures` text,
	`answer_cost_micro` integer,
	`budget_micro` integer NOT NULL,
	`used_micro` integer NOT NULL,
	`scheduled_for` text,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`started_at` integer,
	`finished_at` integer,
	FOREIGN KEY (`workspace_id`) REFERENCES `workspaces`(`id`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE INDEX `tracking_runs_newest` ON `tracking_runs` (`workspace_id`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `tracking_runs_line` ON `tracking_runs` (`workspace_id`,`platform`,`finished_at`);--> statement-breakpoint
CREATE UNIQUE INDEX `tracking_runs_scheduled` ON `tracking_runs` (`workspace_id`,`platform`,`scheduled_for`);--> statement-breakpoint
CREATE INDEX `tracking_runs_open` ON `tracking_runs` (`platform`,`id`) WHERE finished_at IS NULL;