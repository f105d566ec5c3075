import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";
import { request } from "../../../api/request.ts";
import { useMessages } from "../../../i18n/index.ts";
import { useSignOnText } from "../../../i18n/sign-on.ts";
import { FaultNote } from "../../../parts/fault.tsx";
import type { Provider } from "./types.ts";

const KEY = ["operator", "providers"];
const DEFAULTS: Partial<Provider["settings"]> = { scopes: "openid email profile", claims: {}, roles: [] };

/** Makes or changes a provider. */
export function ProviderForm({ provider, close }: { provider: Provider | null; close: () => void }) {
  const text = useSignOnText();
  const messages = useMessages();
  const client = useQueryClient();
  const [isBad, setBad] = useState(false);
  const settings: Partial<Provider["settings"]> = provider?.settings ?? DEFAULTS;
  const { new_accounts = "verified", link = false, ...rest } = settings;
  const done = () => client.invalidateQueries({ queryKey: KEY });
  const save = useMutation({
    mutationFn: ({ name, body }: { name: string; body: object }) =>
      request<Provider>(`/identity-providers/${encodeURIComponent(name)}`, { method: "PUT", body }),
    onSuccess: done,
  });
  const remove = useMutation({
    mutationFn: (name: string) =>
      request<object>(`/identity-providers/${encodeURIComponent(name)}`, { method: "DELETE" }),
    onSuccess: async () => {
      await done();
      close();
    },
  });
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (save.isPending) return;
    const form = new FormData(event.currentTarget);
    const value = (name: string) => String(form.get(name) ?? "").trim();
    let more: unknown;
    try {
      more = JSON.parse(value("more"));
    } catch {
      return setBad(true);
    }
    setBad(false);
    const secret = value("client_secret");
    save.mutate({
      name: provider?.name ?? value("name"),
      body: {
        label: value("label"),
        issuer: value("issuer"),
        client_id: value("client_id"),
        ...(secret === "" ? {} : { client_secret: secret }),
        audience: value("audience") === "" ? null : value("audience"),
        top_role: value("top_role"),
        settings: { ...Object(more), new_accounts: value("new_accounts"), link: form.get("link") !== null },
      },
    });
  };
  const field = (name: "label" | "issuer" | "client_id" | "audience", label: string, required = true, hint = "") => (
    <label className="field">
      <span>{label}</span>
      <input name={name} required={required} maxLength={500} defaultValue={provider?.[name] ?? ""} />
      {hint === "" ? null : <span className="fine">{hint}</span>}
    </label>
  );
  return (
    <form className="form" onSubmit={onSubmit} aria-label={provider?.name ?? text.add}>
      <h3>{provider?.name ?? text.add}</h3>
      {provider === null ? (
        <label className="field">
          <span>{text.name}</span>
          <input name="name" required maxLength={40} pattern="[a-z0-9](?:[a-z0-9\-]*[a-z0-9])?" />
        </label>
      ) : null}
      {field("label", text.label)}
      {field("issuer", text.issuer)}
      {field("client_id", text.clientId)}
      <label className="field">
        <span>{text.secret}</span>
        <input name="client_secret" type="password" autoComplete="off" maxLength={2000} />
        {provider?.has_secret === true ? <span className="fine">{text.secretKept}</span> : null}
      </label>
      {field("audience", text.audience, false, text.audienceHint)}
      <label className="field">
        <span>{text.topRole}</span>
        <select name="top_role" defaultValue={provider?.top_role ?? "learner"}>
          {(["learner", "author", "admin"] as const).map((role) => (
            <option key={role} value={role}>
              {role}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>{text.newAccounts}</span>
        <select name="new_accounts" defaultValue={new_accounts}>
          <option value="verified">{text.verified}</option>
          <option value="any">{text.any}</option>
          <option value="none">{text.nobody}</option>
        </select>
      </label>
      <label className="check">
        <input type="checkbox" name="link" defaultChecked={link} />
        <span>{text.link}</span>
      </label>
      <label className="field">
        <span>{text.more}</span>
        <textarea name="more" rows={8} defaultValue={JSON.stringify(rest, null, 2)} />
      </label>
      {isBad ? <p role="alert">{text.badJson}</p> : null}
      {save.isError ? <FaultNote fault={save.error} /> : null}
      {remove.isError ? <FaultNote fault={remove.error} /> : null}
      <p role="status">{save.isSuccess ? text.saved : null}</p>
      <div className="actions">
        <button type="submit" className="button is-primary" aria-disabled={save.isPending}>
          {save.isPending ? messages.working : text.save}
        </button>
        {provider === null ? null : (
          <button type="button" className="button" onClick={() => remove.mutate(provider.name)}>
            {text.remove}
          </button>
        )}
      </div>
    </form>
  );
}
