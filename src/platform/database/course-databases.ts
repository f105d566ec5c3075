import { countedDatabase, countStatements, type Database, type QueryCounter } from "./counted.ts";
import { directory, forCourse } from "./shards.ts";

/** The databases for work on one course: the shared one, and the one with the course's enrollments. */
export interface CourseDatabases {
  readonly directory: Database;
  /** @throws if it is not known where the course is now. */
  ofCourse(course: string): Promise<Database>;
}

/** Both databases through drizzle. Their statements are counted together, with those that look up the course. */
export function courseDatabases(env: Env, counter: QueryCounter = { count: 0 }): CourseDatabases {
  return {
    directory: countedDatabase(directory(env), counter),
    async ofCourse(course) {
      return countedDatabase(await forCourse(env, course, countStatements(directory(env), counter)), counter);
    },
  };
}
