-- The learners of a course by their names: names are in the directory, and so is this.
CREATE INDEX user_courses_by_course ON user_courses (course_slug, user_id);
