DELETE FROM `rollup_marks`;
--> statement-breakpoint
UPDATE `click_progress` SET `rolled_id` = 0;
