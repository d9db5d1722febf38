-- What did not fit into its opinion was marked as if nobody knew of which it spoke, and somebody who took back name and number
-- was on no list. Each is looked at once more.

UPDATE sealed SET what = '' WHERE what = 'unreadable' AND subject = ''
    AND doc IN (SELECT doc FROM refused WHERE reason IN ('full', 'damaging') AND payload = x'');
DELETE FROM refused WHERE reason IN ('full', 'damaging') AND payload = x''
    AND doc IN (SELECT doc FROM sealed WHERE what = '');
