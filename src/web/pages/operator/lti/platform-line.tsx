import { useQuery } from "@tanstack/react-query";
import { request } from "../../../api/request.ts";
import { useLanguage } from "../../../i18n/index.ts";
import { useLtiText } from "../../../i18n/lti.ts";
import { FaultNote } from "../../../parts/fault.tsx";
import { type Detail, LTI_KEY, type Platform, useLtiWrite, whenIn } from "./api.ts";
import { Gradebook } from "./gradebook.tsx";

/** One platform: the last of everything, why it failed, and what mends it. */
export function PlatformLine({ platform }: { platform: Platform }) {
  const text = useLtiText();
  const language = useLanguage();
  const { id, name, issuer, client_id, deployments, courses, last_launch, last_delivery } = platform;
  const { last_failure: failure, last_unsent: unsent } = platform;
  const path = `/lti/platforms/${id}`;
  const detail = useQuery({ queryKey: [...LTI_KEY, id], queryFn: () => request<Detail>(path) });
  const act = useLtiWrite(
    ({ to, method = "POST", body }: { to: string; method?: "POST" | "PUT" | "DELETE"; body?: object }) =>
      request(path + to, { method, ...(body === undefined ? {} : { body }) }),
  );
  const at = (instant: string | null) => whenIn(language, instant, text.never);
  const contexts = detail.data?.contexts ?? [];
  const lastSync =
    contexts
      .map(({ last_sync }) => last_sync ?? "")
      .sort()
      .at(-1) ?? "";
  const unknown = /^deployment_unknown: (.+)$/.exec(failure?.why ?? "")?.[1];
  const missing = contexts
    .map((context) => /^removal_unconfirmed: (\d+)$/.exec(context.failure?.why ?? "")?.[1])
    .find((count) => count !== undefined);
  const button = (label: string, given: Parameters<typeof act.mutate>[0], sure?: string) => (
    <button
      type="button"
      className="button is-small"
      aria-label={`${label}: ${name}`}
      onClick={() => {
        if (!act.isPending && (sure === undefined || window.confirm(sure))) act.mutate(given);
      }}
    >
      {label}
    </button>
  );
  return (
    <li>
      <div>
        <strong>{name}</strong>{" "}
        <span className="fine">
          {issuer} · {client_id}
        </span>
        <br />
        <span className="fine">
          {text.lastLaunch}: {at(last_launch)} · {text.lastSync}: {at(lastSync === "" ? null : lastSync)} ·{" "}
          {text.lastDelivery}: {at(last_delivery)}
        </span>
        {platform.enabled ? null : <p className="note is-bad">{text.offNow}</p>}
        {deployments.length === 0 ? <p>{text.noDeployments}</p> : null}
        {courses?.length === 0 ? <p>{text.noCourses}</p> : null}
        {failure === null ? null : (
          <p>
            {text.lastFailure(at(failure.at))} <code>{failure.why}</code>
          </p>
        )}
        {unsent === null ? null : (
          <p>
            {text.lastUnsent(at(unsent.at))} <code>{unsent.why}</code>
          </p>
        )}
        {contexts.map((context) =>
          context.failure === null ? null : (
            <p key={`${context.deployment} ${context.context} ${context.course}`}>
              {text.notRead(context.course)} <code>{context.failure.why}</code>
            </p>
          ),
        )}
        {contexts.map((context) =>
          context.gradebook.failure === null ? null : (
            <p key={`results ${context.deployment} ${context.context} ${context.course}`}>
              {text.gradesNotRead(context.course)} <code>{context.gradebook.failure.why}</code>
            </p>
          ),
        )}
        {contexts.map((context) => (
          <Gradebook
            key={`${context.deployment} ${context.context} ${context.course}`}
            platform={id}
            context={context}
          />
        ))}
        {detail.isError ? <FaultNote fault={detail.error} /> : null}
        {act.isError ? <FaultNote fault={act.error} /> : null}
      </div>
      <span className="actions">
        {unknown === undefined || deployments.includes(unknown)
          ? null
          : button(text.addDeployment(unknown), {
              to: "",
              method: "PUT",
              body: { ...settingsOf(platform), deployments: [...deployments, unknown] },
            })}
        {contexts.length === 0 ? null : button(text.read, { to: "/sync", body: {} })}
        {contexts.length === 0 ? null : button(text.readGrades, { to: "/results" })}
        {missing === undefined
          ? null
          : button(text.confirmRemoval(missing), { to: "/sync", body: { confirm_removed: Number(missing) } })}
        {unsent === null ? null : button(text.resend, { to: "/resend" })}
        {platform.enabled
          ? button(
              text.switchOff,
              { to: "", method: "PUT", body: { ...settingsOf(platform), enabled: false } },
              text.switchOffSure(name),
            )
          : button(text.switchOn, { to: "", method: "PUT", body: { ...settingsOf(platform), enabled: true } })}
        {button(text.remove, { to: "", method: "DELETE" }, text.removeSure(name))}
      </span>
    </li>
  );
}

/** A platform as it is entered. */
function settingsOf(platform: Platform) {
  const { name, kind, issuer, client_id, auth_url, token_url, jwks_url } = platform;
  const { deployments, origins, courses, teachers, enabled } = platform;
  return {
    ...{ name, kind, issuer, client_id, auth_url, token_url, jwks_url },
    ...{ deployments, origins, courses, teachers, enabled },
  };
}
