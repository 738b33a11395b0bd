-- Which files of a transaction's folder are pictures, and their keys in the bucket. Rules: docs/rules.md, «Pictures of a transaction».
CREATE MACRO is_picture(file) AS regexp_matches(lower(file), '\.(jpe?g|png|gif|bmp|webp)$');

CREATE MACRO picture_key(image_link, file) AS CASE WHEN is_picture(image_link) THEN image_link ELSE rtrim(image_link, '/') || '/' || file END;
