-- Paid plans that were set before invoices existed were given: nobody owes months of the past for them.
UPDATE `subscriptions` SET `provider` = 'complimentary'
WHERE `provider` = 'manual' AND `plan_key` <> 'free';
