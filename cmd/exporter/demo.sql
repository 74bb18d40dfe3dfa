-- what each channel cost and brought in, per customer
SELECT u.name AS customer, n.name AS channel, sum(c.click_count_pub) AS clicks,
       sum(c.sale_count) AS sales, round(sum(c.sale_amount), 2) AS revenue,
       round(sum(c.cost_income), 2) AS cost
FROM channels c
JOIN channel_names n USING (customer_id, customer_trackgroup_id)
JOIN customers u USING (customer_id)
GROUP BY customer, channel
ORDER BY revenue DESC
LIMIT 5;
