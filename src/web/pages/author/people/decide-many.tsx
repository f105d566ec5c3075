import { useState } from "react";
import { useChapters, useProblems } from "../../../api/queries.ts";
import { request } from "../../../api/request.ts";
import { usePeopleText } from "../../../i18n/people.ts";
import { FaultNote } from "../../../parts/fault.tsx";
import { type OverridesAnswer, usePeopleWrite } from "./api.ts";
import { DecideForm, type Decision } from "./decide-form.tsx";

/** One decision about one item for several learners. */
export function DecideForMany({ course, users }: { course: string; users: readonly string[] }) {
  const text = usePeopleText();
  const chapters = useChapters(course);
  const problems = useProblems(course);
  const [item, setItem] = useState("");
  const items = [...(chapters.data?.results ?? []), ...(problems.data?.results ?? [])];
  const set = usePeopleWrite(course, (decision: Decision & { item: string }) =>
    request<OverridesAnswer>(`/courses/${course}/overrides/batch`, {
      method: "POST",
      body: { ...decision, user_ids: users.slice(0, 1_000) },
    }),
  );
  const refused = set.data === undefined ? 0 : set.data.results.length - set.data.done;
  const first = items[0]?.id ?? "";
  return (
    <div className="decide-many">
      <label className="field">
        <span>{text.item}</span>
        <select value={item === "" ? first : item} onChange={(event) => setItem(event.target.value)}>
          {items.map(({ id, title }) => (
            <option key={id} value={id}>
              {title}
            </option>
          ))}
        </select>
      </label>
      <DecideForm
        isBusy={set.isPending}
        decide={(decision) => set.mutate({ ...decision, item: item === "" ? first : item })}
      />
      <p role="status">
        {set.data === undefined ? "" : text.done(set.data.done)} {refused > 0 ? text.notDone(refused) : ""}
      </p>
      {set.isError ? <FaultNote fault={set.error} /> : null}
    </div>
  );
}
