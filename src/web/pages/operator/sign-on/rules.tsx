import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";
import type { Answer } from "../../../../client/index.ts";
import { request } from "../../../api/request.ts";
import { formatInstant, useLanguage, useMessages } from "../../../i18n/index.ts";
import { useSignOnText } from "../../../i18n/sign-on.ts";
import { FaultNote } from "../../../parts/fault.tsx";
import { Section, Table } from "../section.tsx";

type Rules = Answer<"/api/v1/group-rules/{source}", "get">;

/** What the groups of a source mean in courses, and how its last sync went. */
export function GroupRules({ sources }: { sources: readonly string[] }) {
  const text = useSignOnText();
  const messages = useMessages();
  const language = useLanguage();
  const client = useQueryClient();
  const [source, setSource] = useState("scim");
  const [badLine, setBadLine] = useState<number | null>(null);
  const queryKey = ["operator", "group-rules", source];
  const path = `/group-rules/${encodeURIComponent(source)}`;
  const rules = useQuery({ queryKey, queryFn: () => request<Rules>(path) });
  const save = useMutation({
    mutationFn: (body: object) => request<Rules>(path, { method: "PUT", body }),
    onSuccess: () => client.invalidateQueries({ queryKey }),
  });
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (save.isPending) return;
    const lines = String(new FormData(event.currentTarget).get("rules") ?? "").split("\n");
    const read = lines.map((line) => line.split(";").map((part) => part.trim()));
    const bad = read.findIndex((parts) => parts.join("") !== "" && (parts.length < 2 || parts.length > 4));
    setBadLine(bad === -1 ? null : bad + 1);
    if (bad !== -1) return;
    const named = read.filter((parts) => parts.join("") !== "");
    save.mutate({
      rules: named.map(([group, course, role = "", cohort = ""]) => ({
        group,
        course,
        role: role === "" ? "learner" : role,
        cohort: cohort === "" ? null : cohort,
      })),
    });
  };
  const instant = (at: string | null) => (at === null ? text.never : formatInstant(at, language));
  return (
    <Section title={text.rules} lead={text.rulesLead} query={rules}>
      {(data) => (
        <form className="form" key={source} onSubmit={onSubmit}>
          <label className="field">
            <span>{text.source}</span>
            <select value={source} onChange={(event) => setSource(event.target.value)}>
              {["scim", ...sources].map((one) => (
                <option key={one} value={one}>
                  {one === "scim" ? text.directory : one}
                </option>
              ))}
            </select>
          </label>
          <p>
            {text.lastSync}: {instant(data.last_sync_at)}. {text.lastFailure}: {instant(data.last_failure_at)}{" "}
            {data.last_failure}
          </p>
          {data.refused > 0 ? <p>{text.refused(data.refused)}</p> : null}
          {data.waiting > 0 ? <p>{text.waiting(data.waiting)}</p> : null}
          {data.not_kept.length === 0 ? null : (
            <Table label={text.notKept} head={[text.notKept, text.lastSent]}>
              {data.not_kept.map(({ attribute, last_sent_at }) => (
                <tr key={attribute}>
                  <td>{attribute}</td>
                  <td>{instant(last_sent_at)}</td>
                </tr>
              ))}
            </Table>
          )}
          <label className="field">
            <span>{text.rules}</span>
            <textarea
              name="rules"
              rows={10}
              defaultValue={data.rules
                .map(({ group, course, role, cohort }) => [group, course, role, cohort ?? ""].join("; "))
                .join("\n")}
            />
          </label>
          {badLine === null ? null : <p role="alert">{text.badLine(badLine)}</p>}
          {save.isError ? <FaultNote fault={save.error} /> : null}
          <p role="status">{save.isSuccess ? text.saved : null}</p>
          <button type="submit" className="button is-primary" aria-disabled={save.isPending}>
            {save.isPending ? messages.working : text.save}
          </button>
        </form>
      )}
    </Section>
  );
}
