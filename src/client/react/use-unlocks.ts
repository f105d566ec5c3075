import { type QueryClient, type QueryKey, type UseQueryResult, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ChapterRow, ProblemRow } from "../api-types.ts";
import type { LatchkeyProblem, Result } from "../rest/result.ts";
import { useLatchkey } from "./context.ts";
import { latchkeyKeys } from "./keys.ts";

/** A problem as an exception: the `error` of a failed query. */
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
  /** IANA time zone for the dates in sentences; default: the browser's. "UTC" for UTC. */
  tz?: string;
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
/** The largest allowed page: most courses need one request. */
const PAGE = 1_000;

/** Chapters and problems of a course with their locks, kept up to date by its events. */
export function useUnlocks(course: string, options: UnlocksOptions = {}): Unlocks {
  const { client } = useLatchkey();
  const tz = options.tz ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const lang = options.lang === undefined ? {} : { lang: options.lang };
  // The client already repeats what should be repeated. Repeating it here would only delay the error.
  const retry = false;
  const queryClient = useQueryClient();
  const list = <T>(queryKey: QueryKey, read: (asked: Asked, signal: AbortSignal) => Promise<Result<Page<T>>>) => ({
    queryKey,
    queryFn: ({ signal }: { signal: AbortSignal }) => {
      const shownAt = backgroundOf(queryClient, queryKey);
      const max_stale = shownAt === null ? undefined : client.backgroundStaleness(shownAt);
      return readInZone<T>({ tz, ...(max_stale !== undefined && { max_stale }) }, (asked) => read(asked, signal));
    },
    retry,
  });
  const chapters = useQuery<ChapterRow[], LatchkeyProblemError>(
    list<ChapterRow>([...latchkeyKeys.chapters(course), lang, tz], (asked, signal) =>
      client.get(CHAPTERS, inputOf(course, { ...lang, ...asked }, signal)),
    ),
  );
  const problems = useQuery<ProblemRow[], LatchkeyProblemError>(
    list<ProblemRow>([...latchkeyKeys.problems(course), lang, tz], (asked, signal) =>
      client.get(PROBLEMS, inputOf(course, { ...lang, ...asked }, signal)),
    ),
  );
  return { chapters, problems };
}

/**
 * When the shown data was loaded, if this load only checks whether it is still true (the window or the network has come
 * back). Null if something is loaded for the first time, or is known to have changed.
 */
function backgroundOf(queryClient: QueryClient, queryKey: QueryKey): number | null {
  const state = queryClient.getQueryState(queryKey);
  return state?.data === undefined || state.isInvalidated ? null : state.dataUpdatedAt;
}

function inputOf(course: string, query: { lang?: "en" | "zh" } & Asked, signal: AbortSignal) {
  return { path: { course }, query: { limit: PAGE, ...query }, signal };
}

interface Asked {
  cursor?: string;
  tz?: string;
  max_stale?: number;
}

/**
 * Reads with options that the server may not know, and without them if it refuses exactly those. A browser may know a
 * zone that the server does not (then dates are in UTC, and say so), and an older server knows no `max_stale`.
 */
async function readInZone<T>(asked: Asked, read: (page: Asked) => Promise<Result<Page<T>>>): Promise<T[]> {
  try {
    return await readAll((page) => read({ ...page, ...asked }));
  } catch (fault) {
    const errors = fault instanceof LatchkeyProblemError ? (fault.problem.errors ?? []) : [];
    const refused = OPTIONAL.find(
      (name) => asked[name] !== undefined && errors.some(({ path }) => path === `query.${name}`),
    );
    if (refused === undefined) throw fault;
    const { [refused]: _, ...rest } = asked;
    return readInZone(rest, read);
  }
}

const OPTIONAL = ["tz", "max_stale"] as const;

async function readAll<T>(read: (page: Asked) => Promise<Result<Page<T>>>): Promise<T[]> {
  const rows: T[] = [];
  for (let cursor: string | null = null; ; ) {
    const page: Result<Page<T>> = await read(cursor === null ? {} : { cursor });
    if (!page.ok) throw new LatchkeyProblemError(page.problem);
    rows.push(...page.value.results);
    cursor = page.value.next_cursor;
    if (cursor === null) return rows;
  }
}
