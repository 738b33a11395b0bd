-- Which pictures of several datasets a merged one holds. In: source (every accepted row of every parent, with parent, its place in the order, and
-- source_dataset), setting (on_conflict). Rules: docs/rules.md, «Merge».

-- One content under two labels is a conflict.
CREATE TABLE conflict AS
SELECT sha256 FROM source GROUP BY sha256 HAVING count(DISTINCT (class, label_id)) > 1;

-- Of one content the first parent's picture; of a conflict that one too, or none.
CREATE TABLE kept AS
SELECT * FROM source WHERE (SELECT on_conflict FROM setting) = 'first' OR sha256 NOT IN (FROM conflict)
QUALIFY row_number() OVER (PARTITION BY sha256 ORDER BY parent, path) = 1;

-- One name with two contents: the first keeps it, the others carry a piece of their content's hash; all of it where a picture has that name.
CREATE MACRO marked(path, mark) AS regexp_replace(path, '(\.[^./]*)?$', '-' || mark || '\1');

CREATE TABLE proposed AS
SELECT * EXCLUDE (path), path AS source_path, row_number() OVER (PARTITION BY lower(path) ORDER BY parent, path) = 1 AS stays,
    CASE WHEN stays THEN path ELSE marked(path, left(sha256, 12)) END AS path
FROM kept;

CREATE TABLE named AS
SELECT * EXCLUDE (path, stays), CASE
    WHEN stays OR count(*) OVER (PARTITION BY lower(path)) = 1 THEN path
    ELSE marked(source_path, sha256) END AS path
FROM proposed;

-- Every picture of a parent that is not in the result as it was.
CREATE TABLE report AS
SELECT CASE
    WHEN source.sha256 IN (FROM conflict) THEN 'conflicto de label'
    WHEN named.source_path IS NULL THEN 'repetida'
    ELSE 'renombrada' END AS caso,
    source.source_dataset AS dataset, source.path AS ruta, source.class AS clase, source.label_id AS label_id, source.sha256,
    CASE WHEN named.source_path IS NULL THEN 'no' ELSE 'si' END AS incluida, named.path AS ruta_final
FROM source LEFT JOIN named ON named.parent = source.parent AND named.source_path = source.path
WHERE source.sha256 IN (FROM conflict) OR named.source_path IS NULL OR named.path <> source.path
ORDER BY caso, source.sha256, source.parent, source.path;

-- One label in two classes is no conflict of pictures, but nobody means it.
CREATE TABLE label_twice AS
SELECT label_id, list(DISTINCT class ORDER BY class) AS classes FROM named GROUP BY label_id HAVING count(DISTINCT class) > 1 ORDER BY label_id;
