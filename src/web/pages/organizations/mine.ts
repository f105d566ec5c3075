import { useQuery } from "@tanstack/react-query";
import type { Answer } from "../../../client/index.ts";
import { request } from "../../api/request.ts";
import { rememberManaging } from "../../lib/managed-memory.ts";
import { useUser } from "../../session/hooks.ts";

export type Organizations = Answer<"/api/v1/organizations", "get">;

/** Everything of these pages is below this key: a write makes all of it load again. */
export const ORGANIZATIONS_KEY = ["organizations"] as const;

/** The organisations that the user manages; all of them for an administrator. */
export function useMine(options: { enabled: boolean; staleTime?: number }) {
  const user = useUser();
  return useQuery({
    queryKey: [...ORGANIZATIONS_KEY, "mine"],
    queryFn: async () => {
      const { results } = await request<Organizations>("/organizations");
      if (user !== null) rememberManaging(user.id, results.length > 0);
      return results;
    },
    ...options,
  });
}
