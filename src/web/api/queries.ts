import { queryOptions, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useLanguage } from "../i18n/index.ts";
import type { Language } from "../lib/preferences.ts";
import { request } from "./request.ts";
import type {
  ChapterDetail,
  ChapterRow,
  Course,
  CourseVersion,
  Explanation,
  ListOf,
  Page,
  ProblemDetail,
  ProblemRow,
  Submission,
} from "./types.ts";

/** The largest page of the API: all rows of most courses come in one; larger courses come page by page. */
const LARGEST_PAGE = 1_000;

/** The view of a course: the user's own, or (for staff) that of a newly enrolled learner. */
export type Eyes = "own" | "newcomer";

/** Everything that a learner's progress in one course can change is below this key. */
export function courseKey(course: string) {
  return ["course", course] as const;
}

/** All pages of a list, one after the other. */
export async function allPages<T>(path: string, query: Record<string, string | number | undefined> = {}): Promise<T[]> {
  const rows: T[] = [];
  let cursor: string | undefined;
  do {
    const page: Page<T> = await request<Page<T>>(path, { query: { limit: LARGEST_PAGE, ...query, cursor } });
    rows.push(...page.results);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return rows;
}

async function wholeList<T>(path: string, query: Record<string, string | undefined>): Promise<ListOf<T>> {
  const first = await request<ListOf<T>>(path, { query: { limit: LARGEST_PAGE, ...query } });
  const rows = [...first.results];
  let cursor = first.next_cursor;
  while (cursor !== null) {
    const next: ListOf<T> = await request<ListOf<T>>(path, { query: { limit: LARGEST_PAGE, ...query, cursor } });
    rows.push(...next.results);
    cursor = next.next_cursor;
  }
  return { ...first, results: rows, next_cursor: null };
}

/** Language of sentences, and the time zone of the dates in them: the browser's, as everywhere else on the page. */
export function inLanguage(language: Language) {
  return { lang: language, tz: Intl.DateTimeFormat().resolvedOptions().timeZone };
}

function seenBy(language: Language, eyes: Eyes) {
  return { ...inLanguage(language), as: eyes === "newcomer" ? "learner" : undefined };
}

/** The courses the caller may see. */
export function useCourses() {
  const language = useLanguage();
  return useQuery({
    queryKey: ["courses", language],
    queryFn: () => allPages<Course>("/courses", { lang: language }),
  });
}

export function useCourseInfo(course: string) {
  const language = useLanguage();
  return useQuery({
    queryKey: ["course-info", course, language],
    queryFn: () => request<Course>(`/courses/${course}`, { query: { lang: language } }),
  });
}

const chaptersQuery = (course: string, language: Language, eyes: Eyes = "own") =>
  queryOptions({
    queryKey: [...courseKey(course), "chapters", language, eyes],
    queryFn: () => wholeList<ChapterRow>(`/courses/${course}/chapters`, seenBy(language, eyes)),
  });

const problemsQuery = (course: string, language: Language, eyes: Eyes = "own") =>
  queryOptions({
    queryKey: [...courseKey(course), "problems", language, eyes],
    queryFn: () => wholeList<ProblemRow>(`/courses/${course}/problems`, seenBy(language, eyes)),
  });

export function useChapters(course: string, eyes: Eyes = "own") {
  return useQuery(chaptersQuery(course, useLanguage(), eyes));
}

export function useProblems(course: string, eyes: Eyes = "own") {
  return useQuery(problemsQuery(course, useLanguage(), eyes));
}

export function useChapter(course: string, chapter: string) {
  const language = useLanguage();
  return useQuery({
    queryKey: [...courseKey(course), "chapter", chapter, language],
    queryFn: () =>
      request<ChapterDetail>(`/courses/${course}/chapters/${course}.${chapter}`, { query: inLanguage(language) }),
  });
}

export function useProblem(course: string, problem: string) {
  const language = useLanguage();
  return useQuery({
    queryKey: [...courseKey(course), "problem", problem, language],
    queryFn: () => request<ProblemDetail>(`/problems/${course}.${problem}`, { query: inLanguage(language) }),
  });
}

/** The learner's submissions for a problem, newest first. It is below the course's key, so a verdict loads it again. */
export function useSubmissions(course: string, problem: string) {
  return useInfiniteQuery({
    queryKey: [...courseKey(course), "submissions", problem],
    queryFn: ({ pageParam }) =>
      request<Page<Submission>>(`/problems/${course}.${problem}/submissions`, {
        query: { limit: 20, cursor: pageParam ?? undefined },
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
}

/** Why an item is locked; only requested while it is. */
export function useWhy(course: string, item: string, options: { enabled: boolean; eyes?: Eyes }) {
  const language = useLanguage();
  const { enabled, eyes = "own" } = options;
  return useQuery({
    queryKey: [...courseKey(course), "why", item, language, eyes],
    queryFn: () => request<Explanation>(`/courses/${course}/items/${item}/why`, { query: seenBy(language, eyes) }),
    enabled,
  });
}

export function useVersions(course: string) {
  return useQuery({
    queryKey: ["versions", course],
    queryFn: () => allPages<CourseVersion>(`/courses/${course}/versions`, { limit: 100 }),
  });
}
