-- name: ended_between
-- What figures are made of, of the jobs that ended within a period, in the order in which they did. The index has all of it.
SELECT finished_us, status, ifnull(name, image), submitted_by, started_us, attempt, job_id, rerun_of
  FROM jobs INDEXED BY runs_by_end
 WHERE finished_us >= :since_us AND finished_us < :until_us
 ORDER BY finished_us, job_id;

-- name: starts_between
-- Of the newest jobs that ended within a period and had a container: the image, when each was accepted, got its slot, and
-- had its container started.
SELECT j.image, j.created_us, t.at_us, j.started_us
  FROM (SELECT job_id, image, created_us, started_us
          FROM jobs INDEXED BY runs_by_end
         WHERE finished_us >= :since_us AND finished_us < :until_us AND started_us IS NOT NULL
         ORDER BY finished_us DESC, job_id DESC
         LIMIT :count) AS j
 CROSS JOIN transitions AS t ON t.job_id = j.job_id AND t.seq = 2 AND t.event = 'start';

-- name: unchanged_between
-- Of a JSON array of pairs of ids, the positions of those whose first job failed and whose second has the same spec.
SELECT pair.key
  FROM json_each(:pairs) AS pair
 CROSS JOIN jobs AS one ON one.job_id = json_extract(pair.value, '$[0]')
 CROSS JOIN jobs AS other ON other.job_id = json_extract(pair.value, '$[1]')
 WHERE one.status IN ('failed', 'timed_out') AND one.spec = other.spec;
