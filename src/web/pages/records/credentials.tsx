import { type SubmitEvent, useId } from "react";
import { request } from "../../api/request.ts";
import { formatInstant, useLanguage } from "../../i18n/index.ts";
import { useRecordsText } from "../../i18n/records.ts";
import { FaultNote, Loading } from "../../parts/fault.tsx";
import { useHasRole } from "../../session/hooks.ts";
import { type ServiceKey, type ShownKey, useKeysOf, useRecordsWrite } from "./api.ts";

/** What to enter in the other program, and the keys that may send statements here. */
export function Credentials({ course }: { course: string }) {
  const text = useRecordsText();
  const id = useId();
  const isAdmin = useHasRole("admin");
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{text.keys}</h2>
      <p className="wrapped">
        {text.endpoint}: <code>{`${location.origin}/api/v1/xapi/${course}/`}</code>
      </p>
      <p>{text.user}</p>
      {isAdmin ? <Keys course={course} /> : <p className="fine">{text.keyAdmin}</p>}
    </section>
  );
}

function Keys({ course }: { course: string }) {
  const text = useRecordsText();
  const keys = useKeysOf(course);
  const make = useRecordsWrite((name: string) =>
    request<ShownKey>("/keys", { method: "POST", body: { name, scopes: ["xapi"], courses: [course] } }),
  );
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const name = String(new FormData(form).get("name") ?? "").trim();
    if (!make.isPending) make.mutate(name, { onSuccess: () => form.reset() });
  };
  return (
    <>
      {keys.isError ? <FaultNote fault={keys.error} retry={() => void keys.refetch()} /> : null}
      {keys.isPending ? <Loading /> : null}
      {keys.data?.length === 0 ? <p>{text.noKeys}</p> : null}
      <ul className="members">
        {keys.data?.map((key) => (
          <KeyLine key={key.id} shown={key} />
        ))}
      </ul>
      <form className="form" onSubmit={onSubmit}>
        <label className="field">
          <span>{text.keyName}</span>
          <input name="name" required maxLength={100} />
        </label>
        <button type="submit" className="button" aria-disabled={make.isPending}>
          {text.makeKey}
        </button>
        <div role="status">
          {make.isSuccess ? (
            <p className="wrapped">
              {text.keyShown}
              <br />
              <code>{make.data.key}</code>
            </p>
          ) : null}
        </div>
        {make.isError ? <FaultNote fault={make.error} /> : null}
      </form>
    </>
  );
}

function KeyLine({ shown }: { shown: ServiceKey }) {
  const text = useRecordsText();
  const language = useLanguage();
  const { id, name, prefix, courses, last_used_on, expires_at } = shown;
  const revoke = useRecordsWrite(() => request(`/keys/${id}`, { method: "DELETE" }));
  const used = last_used_on === null ? text.keyUnused : text.keyUsed(last_used_on);
  return (
    <li data-key={id}>
      <div>
        <strong>{name}</strong> <code>{prefix}…</code>
        <br />
        <span className="fine">
          {used} · {text.keyEnds(formatInstant(expires_at, language))}
          {courses === null ? ` · ${text.keyEveryCourse}` : ""}
        </span>
        {revoke.isError ? <FaultNote fault={revoke.error} /> : null}
      </div>
      <span className="actions">
        <button
          type="button"
          className="button is-small"
          aria-label={`${text.revoke}: ${name}`}
          aria-disabled={revoke.isPending}
          onClick={() => {
            if (!revoke.isPending && window.confirm(text.revokeSure(name))) revoke.mutate(undefined);
          }}
        >
          {text.revoke}
        </button>
      </span>
    </li>
  );
}
