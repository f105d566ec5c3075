import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { ChapterRow, ProblemRow } from "../api-types.ts";
import type { LatchkeyProblem, Result } from "../rest/result.ts";
import { useLatchkey } from "./context.ts";
import { latchkeyKeys } from "./keys.ts";

/** A problem as an exception: what a query that failed holds as its `error`. */
export class LatchkeyProblemError extends Error {
  readonly problem: LatchkeyProblem;

  constructor(problem: LatchkeyProblem) {
    super(problem.detail ?? problem.title);
    this.name = "LatchkeyProblemError";
    this.problem = problem;
  }
}

export interface UnlocksOptions {
  lang?: "en" | "zh";
}

export interface Unlocks {
  chapters: UseQueryResult<ChapterRow[], LatchkeyProblemError>;
  problems: UseQueryResult<ProblemRow[], LatchkeyProblemError>;
}

interface Page<T> {
  results: T[];
  next_cursor: string | null;
}

const CHAPTERS = "/api/v1/courses/{course}/chapters";
const PROBLEMS = "/api/v1/courses/{course}/problems";
/** Largest page there is: most courses are one request. */
const PAGE = 1_000;

/** Chapters and problems of a course with their locks, kept true by its events. */
export function useUnlocks(course: string, options: UnlocksOptions = {}): Unlocks {
  const { client } = useLatchkey();
  const lang = options.lang === undefined ? {} : { lang: options.lang };
  // The client repeats what is worth repeating; a second round here would only delay the bad news.
  const retry = false;
  const chapters = useQuery<ChapterRow[], LatchkeyProblemError>({
    queryKey: [...latchkeyKeys.chapters(course), lang],
    queryFn: ({ signal }) => readAll((page) => client.get(CHAPTERS, inputOf(course, { ...lang, ...page }, signal))),
    retry,
  });
  const problems = useQuery<ProblemRow[], LatchkeyProblemError>({
    queryKey: [...latchkeyKeys.problems(course), lang],
    queryFn: ({ signal }) => readAll((page) => client.get(PROBLEMS, inputOf(course, { ...lang, ...page }, signal))),
    retry,
  });
  return { chapters, problems };
}

function inputOf(course: string, query: { lang?: "en" | "zh"; cursor?: string }, signal: AbortSignal) {
  return { path: { course }, query: { limit: PAGE, ...query }, signal };
}

async function readAll<T>(read: (cursor: { cursor?: string }) => Promise<Result<Page<T>>>): Promise<T[]> {
  const rows: T[] = [];
  for (let cursor: string | null = null; ; ) {
    const page: Result<Page<T>> = await read(cursor === null ? {} : { cursor });
    if (!page.ok) throw new LatchkeyProblemError(page.problem);
    rows.push(...page.value.results);
    cursor = page.value.next_cursor;
    if (cursor === null) return rows;
  }
}
