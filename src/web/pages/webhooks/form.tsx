import { type SubmitEvent, useId } from "react";
import { request } from "../../api/request.ts";
import { useWebhookText } from "../../i18n/webhooks.ts";
import { FaultNote } from "../../parts/fault.tsx";
import { pathOf, type Shown, TYPES, useWebhookWrite } from "./api.ts";
import { Secret } from "./secret.tsx";

/** Adds a receiver, and shows its secret once. */
export function WebhookForm({ course }: { course: string | null }) {
  const text = useWebhookText();
  const id = useId();
  const add = useWebhookWrite((body: object) => request<Shown>(pathOf(course), { method: "POST", body }));
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const fields = new FormData(form);
    const of = (name: string) => String(fields.get(name) ?? "").trim();
    if (add.isPending) return;
    add.mutate({ url: of("url"), note: of("note"), types: fields.getAll("types") }, { onSuccess: () => form.reset() });
  };
  return (
    <form className="form" onSubmit={onSubmit}>
      <label className="field">
        <span>{text.url}</span>
        <input
          name="url"
          required
          maxLength={1_000}
          placeholder="https://receiver.example.org/latchkey"
          aria-describedby={`${id}-url`}
        />
        <span className="fine" id={`${id}-url`}>
          {text.urlHint}
        </span>
      </label>
      <label className="field">
        <span>{text.note}</span>
        <input name="note" maxLength={200} />
      </label>
      <fieldset>
        <legend>{text.types}</legend>
        {TYPES.map((type) => (
          <label key={type} className="check">
            <input type="checkbox" name="types" value={type} defaultChecked={type === "item.completed"} />{" "}
            {text.typeOf(type)} <code>{type}</code>
          </label>
        ))}
      </fieldset>
      <button type="submit" className="button" aria-disabled={add.isPending}>
        {text.save}
      </button>
      <div role="status">{add.isSuccess ? <Secret secret={add.data.secret} /> : null}</div>
      {add.isError ? <FaultNote fault={add.error} /> : null}
    </form>
  );
}
