import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Answer } from "../../../../client/index.ts";

export type Tool = Answer<"/api/v1/lti/tool", "get">;
export type Platforms = Answer<"/api/v1/lti/platforms", "get">;
export type Platform = Platforms["results"][number];
export type Detail = Answer<"/api/v1/lti/platforms/{platform}", "get">;
export type Registration = Answer<"/api/v1/lti/registrations", "post">;

export const LTI_KEY = ["lti"] as const;

/** A write after which everything of the page is read anew. */
export function useLtiWrite<Given, Got>(write: (given: Given) => Promise<Got>) {
  const client = useQueryClient();
  return useMutation({ mutationFn: write, onSettled: () => client.invalidateQueries({ queryKey: LTI_KEY }) });
}

/** An instant as the reader writes it; null: it has never been. */
export function whenIn(language: string, instant: string | null, never: string): string {
  if (instant === null) return never;
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(instant));
}
