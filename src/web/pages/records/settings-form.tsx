import { type SubmitEvent, useId, useState } from "react";
import { useChapters, useProblems } from "../../api/queries.ts";
import { request } from "../../api/request.ts";
import type { XapiStore } from "../../api/types.ts";
import { useRecordsText } from "../../i18n/records.ts";
import { FaultNote } from "../../parts/fault.tsx";
import { Table } from "../operator/section.tsx";
import { type Settings, useRecordsWrite } from "./api.ts";
import { type Field, Lines } from "./lines.tsx";

const FACTS = ["viewed", "submitted", "contributed", "completed", "passed", "failed", "scored", "ignored"] as const;
const MOVE_ON = ["Passed", "Completed", "CompletedAndPassed", "CompletedOrPassed", "NotApplicable"] as const;

/** What the form is filled with; each line is a list of its fields. */
function draftOf({ items = {}, verbs = {}, home_pages = [] }: Settings) {
  return {
    items: Object.entries(items).map(([activity, { item, move_on }]) => [activity, item, move_on ?? ""]),
    verbs: Object.entries(verbs).map(([verb, fact]): string[] => [verb, fact]),
    pages: home_pages.join("\n"),
  };
}

/** A line whose first field is empty is none. */
const filled = (lines: readonly string[][]) =>
  lines.map((line) => line.map((one) => one.trim())).filter(([one]) => one);

/** The first field of a line that stands in another line too; undefined: none does. */
function twiceIn(lines: readonly string[][]): string | undefined {
  const names = filled(lines).map(([name = ""]) => name);
  return names.find((name, at) => names.indexOf(name) < at);
}

/** Which activity is which item, what a verb tells, and whose accounts are people here. */
export function SettingsForm({ store }: { store: XapiStore }) {
  const text = useRecordsText();
  const id = useId();
  const { course, on, settings, default_verbs } = store;
  const [draft, setDraft] = useState(() => draftOf(settings));
  const chapters = useChapters(course);
  const problems = useProblems(course);
  const known: { id: string; title: string }[] = [...(chapters.data?.results ?? []), ...(problems.data?.results ?? [])];
  const save = useRecordsWrite((body: object) => request(`/courses/${course}/xapi`, { method: "PUT", body }));
  const twice = twiceIn(draft.items) ?? twiceIn(draft.verbs);
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (save.isPending || twice !== undefined) return;
    const items = filled(draft.items).map(([activity = "", item = "", move = ""]) => [
      activity,
      { item, move_on: move === "" ? null : move },
    ]);
    const verbs = filled(draft.verbs).map(([verb = "", fact = ""]) => [verb, fact]);
    const home_pages = filled(draft.pages.split("\n").map((page) => [page])).map(([page = ""]) => page);
    save.mutate({ on, items: Object.fromEntries(items), verbs: Object.fromEntries(verbs), home_pages });
  };
  const facts = FACTS.map((fact): [string, string] => [fact, text.factOf(fact)]);
  const moves = [["", text.byVerb] as [string, string], ...MOVE_ON.map((rule): [string, string] => [rule, rule])];
  const ofItems: Field[] = [
    { label: text.activity, kind: "iri" },
    { label: text.item, kind: "text", list: `${id}-items` },
    { label: text.moveOn, kind: "choice", options: moves },
  ];
  const ofVerbs: Field[] = [
    { label: text.verb, kind: "iri" },
    { label: text.tells, kind: "choice", options: facts },
  ];
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{text.settings}</h2>
      <form className="form records-form" onSubmit={onSubmit}>
        <Lines
          title={text.activities}
          lead={text.activitiesLead}
          fields={ofItems}
          lines={draft.items}
          change={(items) => setDraft({ ...draft, items })}
        />
        <datalist id={`${id}-items`}>
          {known.map(({ id: item, title }) => (
            <option key={item} value={item}>
              {title}
            </option>
          ))}
        </datalist>
        <Lines
          title={text.verbs}
          lead={text.verbsLead}
          fields={ofVerbs}
          lines={draft.verbs}
          change={(verbs) => setDraft({ ...draft, verbs })}
        />
        <details>
          <summary>{text.usual}</summary>
          <Table label={text.usual} head={[text.verb, text.tells]}>
            {Object.entries(default_verbs).map(([verb, fact]) => (
              <tr key={verb}>
                <td>{verb}</td>
                <td>{text.factOf(fact)}</td>
              </tr>
            ))}
          </Table>
        </details>
        <label className="field">
          <span>{text.homePages}</span>
          <textarea
            rows={3}
            value={draft.pages}
            aria-describedby={`${id}-pages`}
            onChange={({ target }) => setDraft({ ...draft, pages: target.value })}
          />
          <span className="fine" id={`${id}-pages`}>
            {text.homePagesHint}
          </span>
        </label>
        {twice === undefined ? null : <p role="alert">{text.twice(twice)}</p>}
        <button type="submit" className="button is-primary" aria-disabled={save.isPending || twice !== undefined}>
          {text.save}
        </button>
        {save.isError ? <FaultNote fault={save.error} /> : null}
      </form>
    </section>
  );
}
