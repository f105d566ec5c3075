import type { Answer } from "../../../client/index.ts";
import { request } from "../../api/request.ts";
import { useAccountText } from "../../i18n/account.ts";
import { formatInstant, useLanguage } from "../../i18n/index.ts";
import { FaultNote, Loading } from "../../parts/fault.tsx";
import { type Account, useAccountWrite, useSessions } from "./api.ts";
import { Part } from "./part.tsx";

type Ended = Answer<"/api/v1/auth/sessions", "delete">;

/** Where the account is signed in, and how to end it. */
export function SessionPart() {
  const text = useAccountText();
  const language = useLanguage();
  const sessions = useSessions();
  const end = useAccountWrite((id: string) => request(`/auth/sessions/${id}`, { method: "DELETE" }));
  const endOthers = useAccountWrite(() =>
    request<Ended>("/auth/sessions", { method: "DELETE", query: { keep_current: true } }),
  );
  const rows = (sessions.data?.results ?? []).toSorted((a, b) => Number(b.current) - Number(a.current));
  return (
    <Part title={text.sessions}>
      {sessions.isPending ? <Loading /> : null}
      {sessions.isError ? <FaultNote fault={sessions.error} retry={() => void sessions.refetch()} /> : null}
      <ul className="members">
        {rows.map(({ id, user_agent, created_at, current }) => (
          <li key={id}>
            <span className="agent">
              {user_agent ?? text.unknownAgent}{" "}
              <span className="fine">{text.since(formatInstant(created_at, language))}</span>
            </span>
            {current ? (
              <span className="tag">{text.thisSession}</span>
            ) : (
              <span className="actions">
                <button
                  type="button"
                  className="button is-small"
                  aria-label={`${text.end}: ${user_agent ?? text.unknownAgent}, ${formatInstant(created_at, language)}`}
                  onClick={() => end.mutate(id)}
                >
                  {text.end}
                </button>
              </span>
            )}
          </li>
        ))}
      </ul>
      {end.isError ? <FaultNote fault={end.error} /> : null}
      {endOthers.isError ? <FaultNote fault={endOthers.error} /> : null}
      <div role="status">{endOthers.isSuccess ? <p>{text.ended(endOthers.data.ended)}</p> : null}</div>
      {rows.length > 1 ? (
        <button type="button" className="button" onClick={() => endOthers.mutate(undefined)}>
          {text.endOthers}
        </button>
      ) : null}
    </Part>
  );
}

/** Browsers that need no code. */
export function DevicePart({ account }: { account: Account }) {
  const text = useAccountText();
  const language = useLanguage();
  const forget = useAccountWrite((id: string) => request(`/auth/devices/${id}`, { method: "DELETE" }));
  return (
    <Part title={text.devices} hint={text.devicesHint}>
      {account.devices.length === 0 ? <p>{text.noDevices}</p> : null}
      <ul className="members">
        {account.devices.map(({ id, user_agent, expires_at }) => (
          <li key={id}>
            <span className="agent">
              {user_agent ?? text.unknownAgent}{" "}
              <span className="fine">{text.until(formatInstant(expires_at, language))}</span>
            </span>
            <span className="actions">
              <button
                type="button"
                className="button is-small"
                aria-label={`${text.forget}: ${user_agent ?? text.unknownAgent}`}
                onClick={() => forget.mutate(id)}
              >
                {text.forget}
              </button>
            </span>
          </li>
        ))}
      </ul>
      {forget.isError ? <FaultNote fault={forget.error} /> : null}
    </Part>
  );
}
