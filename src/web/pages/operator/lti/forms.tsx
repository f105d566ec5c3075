import type { SubmitEvent } from "react";
import { request } from "../../../api/request.ts";
import { useLtiText } from "../../../i18n/lti.ts";
import { FaultNote } from "../../../parts/fault.tsx";
import { type Detail, type Registration, useLtiWrite } from "./api.ts";

const KINDS = ["canvas", "moodle", "other"] as const;

function fieldsOf(event: SubmitEvent<HTMLFormElement>) {
  event.preventDefault();
  const form = new FormData(event.currentTarget);
  const of = (name: string) => String(form.get(name) ?? "").trim();
  const linesOf = (name: string) =>
    of(name)
      .split(/\s+/)
      .filter((line) => line !== "");
  const common = { name: of("name"), kind: of("kind"), courses: linesOf("courses"), teachers: of("teachers") };
  return { of, linesOf, common };
}

function Line({ name, label, type = "text" }: { name: string; label: string; type?: "text" | "url" }) {
  return (
    <label className="field">
      <span>{label}</span>
      <input name={name} type={type} required autoComplete="off" spellCheck={false} />
    </label>
  );
}

/** What both ways of registering ask for. */
function CommonFields() {
  const text = useLtiText();
  return (
    <>
      <Line name="id" label={text.id} />
      <Line name="name" label={text.name} />
      <label className="field">
        <span>{text.kind}</span>
        <select name="kind">
          {KINDS.map((kind) => (
            <option key={kind} value={kind}>
              {text.kinds[kind]}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>{text.courses}</span>
        <textarea name="courses" rows={3} spellCheck={false} />
      </label>
      <label className="field">
        <span>{text.teachers}</span>
        <select name="teachers">
          <option value="grader">{text.graders}</option>
          <option value="co_author">{text.coAuthors}</option>
        </select>
      </label>
    </>
  );
}

/** Makes a link by which a platform registers this tool by itself. */
export function ByLinkForm() {
  const text = useLtiText();
  const make = useLtiWrite((body: object) => request<Registration>("/lti/registrations", { method: "POST", body }));
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    const { of, common } = fieldsOf(event);
    if (!make.isPending) make.mutate({ platform: of("id"), ...common });
  };
  return (
    <details>
      <summary>{text.register}</summary>
      <form className="form" onSubmit={onSubmit}>
        <p className="fine">{text.registerHint}</p>
        <CommonFields />
        {make.isError ? <FaultNote fault={make.error} /> : null}
        {make.isSuccess ? (
          <p className="note is-good" role="status">
            <code>{make.data.address}</code>
          </p>
        ) : null}
        <button type="submit" className="button is-primary" aria-disabled={make.isPending}>
          {text.makeLink}
        </button>
      </form>
    </details>
  );
}

/** Registers a platform with what its administrator says. */
export function ByHandForm() {
  const text = useLtiText();
  const save = useLtiWrite(({ id, body }: { id: string; body: object }) =>
    request<Detail>(`/lti/platforms/${encodeURIComponent(id)}`, { method: "PUT", body }),
  );
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    const form = event.currentTarget;
    const { of, linesOf, common } = fieldsOf(event);
    const body = {
      ...common,
      issuer: of("issuer"),
      client_id: of("client_id"),
      auth_url: of("auth_url"),
      token_url: of("token_url"),
      jwks_url: of("jwks_url"),
      deployments: linesOf("deployments"),
    };
    if (!save.isPending) save.mutate({ id: of("id"), body }, { onSuccess: () => form.reset() });
  };
  return (
    <details>
      <summary>{text.byHand}</summary>
      <form className="form" onSubmit={onSubmit}>
        <CommonFields />
        <Line name="issuer" label={text.issuer} />
        <Line name="client_id" label={text.client} />
        <Line name="auth_url" label={text.auth} type="url" />
        <Line name="token_url" label={text.token} type="url" />
        <Line name="jwks_url" label={text.jwks} type="url" />
        <label className="field">
          <span>{text.deployments}</span>
          <textarea name="deployments" rows={2} spellCheck={false} />
        </label>
        {save.isError ? <FaultNote fault={save.error} /> : null}
        <button type="submit" className="button is-primary" aria-disabled={save.isPending}>
          {text.save}
        </button>
      </form>
    </details>
  );
}
