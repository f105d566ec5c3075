import { useQuery } from "@tanstack/react-query";
import type { Answer } from "../../../client/index.ts";
import { isRefusal } from "../../api/problem.ts";
import { courseKey } from "../../api/queries.ts";
import { request } from "../../api/request.ts";
import { shortName } from "../../api/types.ts";
import { useLanguage } from "../../i18n/index.ts";

export type Next = Answer<"/api/v1/courses/{course}/next", "get">;
export type NoticeList = Answer<"/api/v1/courses/{course}/notices", "get">;
export type Found = Answer<"/api/v1/courses/{course}/search", "get">;
export type OwnCertificate = Answer<"/api/v1/courses/{course}/certificate", "get">;
export type CalendarState = Answer<"/api/v1/courses/{course}/calendar", "get">;
export type CalendarAddress = Answer<"/api/v1/courses/{course}/calendar", "put">;
export type PublicCertificate = Answer<"/api/v1/certificates/{id}", "get">;
export type Observed = Answer<"/api/v1/observed", "get">;
export type Places = Answer<"/api/v1/courses/{course}/places", "get">;

/** What can be done next. Below the course's key: whatever changes in the course loads it again. */
export function useNext(course: string, limit: number) {
  const language = useLanguage();
  return useQuery({
    queryKey: [...courseKey(course), "next", limit, language],
    queryFn: () => request<Next>(`/courses/${course}/next`, { query: { lang: language, limit } }),
  });
}

export function useCourseNotices(course: string) {
  const language = useLanguage();
  return useQuery({
    queryKey: [...courseKey(course), "notices", language],
    queryFn: () => request<NoticeList>(`/courses/${course}/notices`, { query: { lang: language } }),
  });
}

/** The learner's certificate; asking for it issues it, so it is asked for when all is done. */
export function useOwnCertificate(course: string, isEnabled: boolean) {
  const language = useLanguage();
  return useQuery({
    queryKey: [...courseKey(course), "certificate", language],
    queryFn: () => request<OwnCertificate>(`/courses/${course}/certificate`, { query: { lang: language } }),
    enabled: isEnabled,
  });
}

/** Whom the user observes; an empty list for most. */
export function useObserved() {
  const language = useLanguage();
  return useQuery({
    queryKey: ["observed", language],
    queryFn: () => request<Observed>("/observed", { query: { lang: language, limit: 200 } }),
  });
}

/** The address of an item's page. */
export function pathOf(course: string, { item_id, kind }: { item_id: string; kind: string }): string {
  return `/courses/${course}/${kind === "chapter" ? "chapters" : "problems"}/${shortName(item_id)}`;
}

/** Whether a read fails only because the user is not in the course: then these parts show nothing. */
export function isOutside(fault: unknown): boolean {
  return isRefusal(fault, "not_enrolled") || isRefusal(fault, "course_unpublished");
}
