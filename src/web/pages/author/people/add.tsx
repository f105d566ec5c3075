import { useQuery } from "@tanstack/react-query";
import { type SubmitEvent, useId, useState } from "react";
import { request } from "../../../api/request.ts";
import { formatInstant, useLanguage, useMessages } from "../../../i18n/index.ts";
import { usePeopleText } from "../../../i18n/people.ts";
import { FaultNote, Loading } from "../../../parts/fault.tsx";
import { type Invitation, type Invitations, namesIn, peopleKey, useChangePeople, usePeopleWrite } from "./api.ts";

/** How people join: staff add them, or they join by themselves with a link. */
export function AddPeople({ course }: { course: string }) {
  return (
    <div className="halves">
      <AddByName course={course} />
      <Links course={course} />
    </div>
  );
}

function AddByName({ course }: { course: string }) {
  const text = usePeopleText();
  const messages = useMessages();
  const id = useId();
  const [lines, setLines] = useState("");
  const [cohorts, setCohorts] = useState("");
  const change = useChangePeople(course);
  const named = [...new Set(lines.split(/[\s,;]+/).filter((line) => line !== ""))];
  const [sent, setSent] = useState<readonly string[]>([]);
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (change.isPending || named.length === 0) return;
    const groups = namesIn(cohorts);
    const part = groups.length === 0 ? {} : { cohorts: groups };
    setSent(named);
    const people = named.map((who) => ({ ...(who.includes("@") ? { email: who } : { user_id: who }), ...part }));
    change.mutate(people, { onSuccess: () => setLines("") });
  };
  const results = change.data?.results ?? [];
  const unknown = results.filter(({ outcome }) => outcome === "user_not_found").map(({ index }) => sent[index] ?? "");
  const good = results.filter(({ outcome }) => ["created", "updated", "unchanged"].includes(outcome)).length;
  const errors = results.flatMap(({ errors: found = [] }) => found);
  return (
    <section aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{text.addTitle}</h2>
      <form className="form" onSubmit={onSubmit}>
        <label className="field">
          <span className="visually-hidden">{text.whoIsIt}</span>
          <textarea
            rows={5}
            value={lines}
            required
            aria-describedby={`${id}-hint`}
            onChange={(event) => setLines(event.target.value)}
          />
          <span className="fine" id={`${id}-hint`}>
            {text.addHint}
          </span>
        </label>
        <label className="field">
          <span>{text.cohorts}</span>
          <input
            value={cohorts}
            maxLength={500}
            aria-describedby={`${id}-cohorts`}
            onChange={(event) => setCohorts(event.target.value)}
          />
          <span className="fine" id={`${id}-cohorts`}>
            {text.cohortsHint}
          </span>
        </label>
        <button type="submit" className="button is-primary" aria-disabled={change.isPending}>
          {change.isPending ? messages.working : text.add}
        </button>
      </form>
      <div role="status">
        {change.isSuccess ? <p>{text.added(good)}</p> : null}
        {unknown.length === 0 ? null : (
          <p>
            {text.withoutAccount} {unknown.join(", ")}
          </p>
        )}
        {errors.map(({ path, message }) => (
          <p key={path} className="fine">
            <code>{path}</code> {message}
          </p>
        ))}
      </div>
      {change.isError ? <FaultNote fault={change.error} /> : null}
    </section>
  );
}

function Links({ course }: { course: string }) {
  const text = usePeopleText();
  const messages = useMessages();
  const lang = useLanguage();
  const id = useId();
  const links = useQuery({
    queryKey: [...peopleKey(course), "links"],
    queryFn: () => request<Invitations>(`/courses/${course}/invitations`),
  });
  const make = usePeopleWrite(course, (body: { days: number; max_uses: number; cohorts: string[]; emails: string[] }) =>
    request<Invitation>(`/courses/${course}/invitations`, { method: "POST", query: { lang }, body }),
  );
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (make.isPending) return;
    const form = new FormData(event.currentTarget);
    make.mutate({
      days: Number(form.get("days")),
      max_uses: Number(form.get("uses")),
      cohorts: namesIn(String(form.get("cohorts") ?? "")),
      emails: String(form.get("emails") ?? "")
        .split(/[\s,;，；]+/)
        .filter((email) => email !== ""),
    });
  };
  return (
    <section aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{text.linkTitle}</h2>
      <p className="fine">{text.linkHint}</p>
      <form className="form" onSubmit={onSubmit}>
        <div className="two-fields">
          <label className="field">
            <span>{text.linkDays}</span>
            <input name="days" type="number" min={1} max={365} defaultValue={14} required />
          </label>
          <label className="field">
            <span>{text.linkUses}</span>
            <input name="uses" type="number" min={1} max={10_000} defaultValue={50} required />
          </label>
        </div>
        <label className="field">
          <span>{text.cohorts}</span>
          <input name="cohorts" maxLength={500} aria-describedby={`${id}-cohorts`} />
          <span className="fine" id={`${id}-cohorts`}>
            {text.cohortsHint}
          </span>
        </label>
        <label className="field">
          <span>{text.linkMails}</span>
          <textarea name="emails" rows={3} />
        </label>
        <button type="submit" className="button is-primary" aria-disabled={make.isPending}>
          {make.isPending ? messages.working : text.makeLink}
        </button>
      </form>
      {make.isError ? <FaultNote fault={make.error} /> : null}
      <h3>{text.links}</h3>
      {links.isError ? <FaultNote fault={links.error} retry={() => void links.refetch()} /> : null}
      {links.isPending ? <Loading /> : null}
      {links.data?.results.length === 0 ? <p className="fine">{text.noLinks}</p> : null}
      <ul className="links">
        {links.data?.results.map((link) => (
          <LinkRow key={link.id} course={course} link={link} />
        ))}
      </ul>
    </section>
  );
}

function LinkRow({ course, link }: { course: string; link: Invitation }) {
  const text = usePeopleText();
  const language = useLanguage();
  const [said, setSaid] = useState("");
  const revoke = usePeopleWrite(course, () =>
    request(`/courses/${course}/invitations/${link.id}`, { method: "DELETE" }),
  );
  const address = `${location.origin}/invite/${link.token}`;
  const serves = link.revoked_at === null && Date.parse(link.expires_at) > Date.now() && link.uses < link.max_uses;
  return (
    <li>
      <p>
        {text.used(link.uses, link.max_uses)},{" "}
        {serves ? text.until(formatInstant(link.expires_at, language)) : text.ended}{" "}
        {link.cohorts.map((cohort) => (
          <span key={cohort} className="tag">
            {cohort}
          </span>
        ))}
      </p>
      {serves ? (
        <div className="actions">
          <input
            className="link-address"
            readOnly
            value={address}
            aria-label={text.link}
            onFocus={(event) => event.target.select()}
          />
          <button
            type="button"
            className="button is-small"
            onClick={() => void navigator.clipboard.writeText(address).then(() => setSaid(text.copied))}
          >
            {text.copy}
          </button>
          <button type="button" className="button is-small" onClick={() => revoke.mutate(undefined)}>
            {text.revoke}
          </button>
          <span className="fine" role="status">
            {said}
          </span>
        </div>
      ) : null}
      {revoke.isError ? <FaultNote fault={revoke.error} /> : null}
    </li>
  );
}
