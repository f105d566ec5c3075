import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useLanguage } from "../i18n/index.ts";
import { applyDelta, type CourseDelta } from "../live/delta.ts";
import { notifyTabs } from "../live/tabs.ts";
import { session } from "../session/store.ts";
import { isRefusal } from "./problem.ts";
import { courseKey, inLanguage } from "./queries.ts";
import { request } from "./request.ts";
import type { SubmissionAnswer, WriteAnswer } from "./types.ts";

/** Shows the changes of a write, here and in the other tabs of this browser. */
function useShow() {
  const client = useQueryClient();
  return (course: string, answer: WriteAnswer) => {
    const delta: CourseDelta = { course, unlocked: answer.unlocked, locked: answer.locked };
    applyDelta(client, delta);
    const state = session.state.get();
    if (state.kind === "signed-in") notifyTabs(state.user.id, delta);
  };
}

export function useEnroll(course: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => request<WriteAnswer>(`/courses/${course}/enrollments`, { method: "POST", body: {} }),
    // Items that are open from the start are no news: the lists are simply loaded.
    onSuccess: () => client.resetQueries({ queryKey: courseKey(course) }),
  });
}

export function useComplete(course: string, kind: "chapter" | "problem", name: string) {
  const show = useShow();
  const client = useQueryClient();
  const language = useLanguage();
  return useMutation({
    mutationFn: () =>
      request<WriteAnswer>(
        `${kind === "chapter" ? `/courses/${course}/chapters` : "/problems"}/${course}.${name}/mark_as_completed`,
        {
          method: "POST",
          query: inLanguage(language),
        },
      ),
    onSuccess: (answer) => show(course, answer),
    onError: (fault) => {
      // It has been locked in the meantime: the page must show that.
      if (isRefusal(fault, "locked")) void client.invalidateQueries({ queryKey: courseKey(course) });
    },
  });
}

export function useSubmit(course: string, problem: string) {
  const show = useShow();
  const client = useQueryClient();
  const language = useLanguage();
  return useMutation({
    mutationFn: (body: { answer?: string; files?: string[] }) =>
      request<SubmissionAnswer>(`/problems/${course}.${problem}/submissions`, {
        method: "POST",
        body,
        query: inLanguage(language),
      }),
    onSuccess: (answer) => show(course, answer),
    onError: (fault) => {
      if (isRefusal(fault, "locked")) void client.invalidateQueries({ queryKey: courseKey(course) });
    },
  });
}
