import { useState } from "react";
import { request } from "../../api/request.ts";
import { formatInstant, useLanguage } from "../../i18n/index.ts";
import { useWebhookText } from "../../i18n/webhooks.ts";
import { FaultNote } from "../../parts/fault.tsx";
import { type Ping, type Shown, useWebhookWrite, type Webhook } from "./api.ts";
import { DeliveryList } from "./deliveries.tsx";
import { Secret } from "./secret.tsx";

/** One receiver: how its last delivery went, and what can be done. */
export function Subscription({ webhook, withCourse }: { webhook: Webhook; withCourse: boolean }) {
  const text = useWebhookText();
  const [isOpen, setOpen] = useState(false);
  const { id, url, note, types, state, course_id } = webhook;
  const path = `/webhooks/${id}`;
  const ping = useWebhookWrite(() => request<Ping>(`${path}/ping`, { method: "POST" }));
  const change = useWebhookWrite((body: object) => request(path, { method: "PATCH", body }));
  const secret = useWebhookWrite(() => request<Shown>(`${path}/secret`, { method: "POST" }));
  const drop = useWebhookWrite(() => request(path, { method: "DELETE" }));
  const action = (label: string, isPending: boolean, act: () => void) => (
    <button
      type="button"
      className="button is-small"
      aria-label={`${label}: ${url}`}
      aria-disabled={isPending}
      onClick={() => {
        if (!isPending) act();
      }}
    >
      {label}
    </button>
  );
  const faults = [ping, change, secret, drop].flatMap(({ error }) => error ?? []);
  return (
    <li data-webhook={id}>
      <div>
        <strong>{url}</strong> <span className="fine">{note}</span>
        <br />
        {withCourse ? <span className="fine">{course_id ?? text.allCourses} · </span> : null}
        <span className="fine">{types.map((type) => text.typeOf(type)).join(", ")}</span>
        <Health webhook={webhook} />
        <div role="status">
          {ping.isSuccess ? <PingResult ping={ping.data} /> : null}
          {secret.isSuccess ? <Secret secret={secret.data.secret} /> : null}
        </div>
        {faults.map((fault) => (
          <FaultNote key={fault.message} fault={fault} />
        ))}
        {isOpen ? <DeliveryList webhook={id} /> : null}
      </div>
      <span className="actions">
        {action(isOpen ? text.hideDeliveries : text.showDeliveries, false, () => setOpen(!isOpen))}
        {action(text.test, ping.isPending, () => ping.mutate(undefined))}
        {state === "active"
          ? action(text.disable, change.isPending, () => change.mutate({ state: "disabled" }))
          : action(text.enable, change.isPending, () => change.mutate({ state: "active" }))}
        {action(text.newSecret, secret.isPending, () => {
          if (window.confirm(text.newSecretSure)) secret.mutate(undefined);
        })}
        {action(text.remove, drop.isPending, () => {
          if (window.confirm(text.removeSure(url))) drop.mutate(undefined);
        })}
      </span>
    </li>
  );
}

function Health({ webhook }: { webhook: Webhook }) {
  const text = useWebhookText();
  const language = useLanguage();
  const at = (instant: string) => formatInstant(instant, language);
  const { state, disabled_reason, last, failing_since, paused_until, previous_secret_until } = webhook;
  return (
    <>
      {state === "disabled" ? <p>{disabled_reason === "gone" ? text.gone : text.asked}</p> : null}
      <p>
        {last === null
          ? text.never
          : last.error === null
            ? text.lastGood(at(last.at))
            : text.lastBad(at(last.at), last.error)}
        {failing_since === null ? "" : ` ${text.failingSince(at(failing_since))}`}
        {paused_until === null ? "" : ` ${text.pausedUntil(at(paused_until))}`}
      </p>
      {previous_secret_until === null ? null : <p className="fine">{text.bothSecrets(at(previous_secret_until))}</p>}
    </>
  );
}

function PingResult({ ping }: { ping: Ping }) {
  const text = useWebhookText();
  const { delivered, status, error, took_ms } = ping;
  return <p>{delivered ? text.testGood(status ?? 0, took_ms) : text.testBad(error ?? "")}</p>;
}
