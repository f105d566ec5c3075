import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ApiProblem } from "../../api/problem.ts";
import { courseKey } from "../../api/queries.ts";
import { request } from "../../api/request.ts";
import type { PublishedVersion, PublishImpact } from "../../api/types.ts";
import type { Messages } from "../../i18n/index.ts";
import { type PlacedFinding, placeFindings, syntaxFinding } from "./findings.ts";
import { locateJson } from "./json-positions.ts";

export type Policy = "grandfather" | "relock";

interface Draft {
  text: string;
  policy: Policy;
  note: string;
}

/** The result of sending a draft, with the text that was sent. */
export type Outcome =
  | { kind: "refused"; errors: PlacedFinding[] }
  | { kind: "impact"; impact: PublishImpact; warnings: PlacedFinding[] }
  | { kind: "published"; published: PublishedVersion; warnings: PlacedFinding[] };

/** Sends a draft, as a dry run or to publish it. Errors in the document are a result; everything else is a fault. */
export function useSendDraft(course: string, messages: Messages) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ draft, isTrial }: { draft: Draft; isTrial: boolean }): Promise<Outcome> => {
      const { text, policy, note } = draft;
      const located = locateJson(text);
      if (!located.ok) {
        return { kind: "refused", errors: [syntaxFinding(text, located, messages.syntaxError(located.message))] };
      }
      const body = { document: located.value, policy, note: note.trim() === "" ? null : note.trim() };
      const path = `/courses/${course}/versions`;
      try {
        if (isTrial) {
          const impact = await request<PublishImpact>(path, { method: "POST", body, query: { dry_run: true } });
          return { kind: "impact", impact, warnings: placeFindings(text, located, impact.warnings) };
        }
        const published = await request<PublishedVersion>(path, { method: "POST", body });
        return { kind: "published", published, warnings: placeFindings(text, located, published.warnings) };
      } catch (fault) {
        const errors = fault instanceof ApiProblem ? fault.problem.errors : undefined;
        if (errors === undefined) throw fault;
        return { kind: "refused", errors: placeFindings(text, located, errors) };
      }
    },
    onSuccess: (outcome) => {
      if (outcome.kind === "published") void refreshCourse(client, course);
    },
  });
}

/** All data about a course may have changed with its version. */
export function refreshCourse(client: ReturnType<typeof useQueryClient>, course: string): Promise<unknown> {
  return Promise.all([
    client.invalidateQueries({ queryKey: ["versions", course] }),
    client.invalidateQueries({ queryKey: ["course-info", course] }),
    client.invalidateQueries({ queryKey: ["courses"] }),
    client.invalidateQueries({ queryKey: courseKey(course) }),
  ]);
}
