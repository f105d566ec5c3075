import { countedDatabase, countStatements, type Database, type QueryCounter } from "./counted.ts";
import { directory, forCourse } from "./shards.ts";

/** The databases of what is done for one course: what all share, and where the course's enrollments are. */
export interface CourseDatabases {
  readonly directory: Database;
  /** @throws when nobody knows where the course is now. */
  ofCourse(course: string): Promise<Database>;
}

/** Both databases through drizzle, their statements counted together; those that find a course are among them. */
export function courseDatabases(env: Env, counter: QueryCounter = { count: 0 }): CourseDatabases {
  return {
    directory: countedDatabase(directory(env), counter),
    async ofCourse(course) {
      return countedDatabase(await forCourse(env, course, countStatements(directory(env), counter)), counter);
    },
  };
}
