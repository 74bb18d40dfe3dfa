-- day by day, from all four: what affiliates sold, what ads cost, who came, what was ordered
WITH affiliates AS (SELECT date(datetime_local) AS day, sum(revenue) AS usd
                    FROM conversions WHERE status = 'approved' GROUP BY day),
     ads AS (SELECT date AS day, sum(cost_income) AS eur FROM channels GROUP BY day),
     visits AS (SELECT timestamp_to_date AS day, sum(sessions) AS sessions, sum(page_views) AS page_views
                FROM piwik_channels GROUP BY day),
     shop AS (SELECT business_date AS day, count(*) AS orders, sum(total) AS eur
              FROM hub_orders WHERE status NOT IN ('rejected', 'cancelled') GROUP BY day)
SELECT day, round(affiliates.usd, 2) AS affiliates_usd, round(ads.eur, 2) AS ads_eur,
       sessions, page_views, orders, round(shop.eur, 2) AS orders_eur
FROM affiliates JOIN ads USING (day) JOIN visits USING (day) JOIN shop USING (day)
ORDER BY day;
