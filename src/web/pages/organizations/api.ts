import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import type { Answer, ApiTypes } from "../../../client/index.ts";
import { request } from "../../api/request.ts";
import { ORGANIZATIONS_KEY } from "./mine.ts";

export type Organization = Answer<"/api/v1/organizations/{organization}", "get">;
export type PeoplePage = Answer<"/api/v1/organizations/{organization}/people", "get">;
export type Person = PeoplePage["results"][number];
export type CoursesPage = Answer<"/api/v1/organizations/{organization}/courses", "get">;
type ActsAnswer = Answer<"/api/v1/users/batch", "post">;
type ActOutcome = ActsAnswer["results"][number];
export type Act = ApiTypes.UserAct;

/** Acts of one request: the API changes at most so many roles and suspensions in one. */
const AT_ONCE = 150;

/** What became of acts: a result for each that was answered, and what kept the others from being sent. */
export interface Acted {
  results: (ActOutcome & { who: string })[];
  fault: unknown;
}

/** Sends acts in parts. What was done stays told if a later part cannot be sent. */
export async function sendActs(acts: readonly Act[]): Promise<Acted> {
  const results: Acted["results"] = [];
  for (let from = 0; from < acts.length; from += AT_ONCE) {
    const users = acts.slice(from, from + AT_ONCE);
    try {
      const answer = await request<ActsAnswer>("/users/batch", { method: "POST", body: { users } });
      results.push(...answer.results.map((row) => ({ ...row, who: users[row.index]?.user_id ?? "" })));
    } catch (fault) {
      return { results, fault };
    }
  }
  return { results, fault: null };
}

/** A write after which everything of these pages is read anew. */
export function useOrganizationWrite<Given, Got>(write: (given: Given) => Promise<Got>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: write,
    // Not waited for: what somebody selects or types while the lists load would be cleared afterwards.
    onSettled: () => void client.invalidateQueries({ queryKey: ORGANIZATIONS_KEY }),
  });
}

/** A list of an organisation, page by page. */
export function useListOf<Rows extends PeoplePage | CoursesPage>(
  organization: string,
  list: "people" | "courses",
  query: Record<string, string | undefined>,
) {
  return useInfiniteQuery({
    queryKey: [...ORGANIZATIONS_KEY, organization, list, query],
    queryFn: ({ pageParam }) =>
      request<Rows>(`/organizations/${organization}/${list}`, {
        query: { ...query, limit: 100, cursor: pageParam ?? undefined },
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: (before) => before,
  });
}
