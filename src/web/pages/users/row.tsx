import { useMutation } from "@tanstack/react-query";
import { request } from "../../api/request.ts";
import { useAccountText } from "../../i18n/account.ts";
import { useLanguage } from "../../i18n/index.ts";
import { FaultNote } from "../../parts/fault.tsx";
import { useUser } from "../../session/hooks.ts";
import type { User } from "../../session/store.ts";
import { PartForm, textIn } from "../account/part.tsx";
import { ROLES } from "./roles.ts";

interface Act {
  method: "PATCH" | "DELETE";
  /** Behind the address of the user. */
  path: string;
  body?: object;
}

/** One user, and what an administrator does with them. */
export function UserRow({ user, onDone }: { user: User; onDone: () => void }) {
  const text = useAccountText();
  const me = useUser();
  return (
    <li>
      <details>
        <summary>
          <span className="user-name">{user.name}</span>
          <span className="fine">{user.email ?? user.id}</span>
          <span className="tag">{text.roles(user.role)}</span>
          {user.ban === null ? null : <span className="tag is-bad">{text.suspended}</span>}
        </summary>
        {me?.id === user.id ? <p>{text.you}</p> : <Acts user={user} onDone={onDone} />}
      </details>
    </li>
  );
}

function Acts({ user, onDone }: { user: User; onDone: () => void }) {
  const text = useAccountText();
  const lang = useLanguage();
  const act = useMutation({
    mutationFn: ({ method, path, body }: Act) =>
      request(`/users/${encodeURIComponent(user.id)}${path}`, {
        method,
        ...(body === undefined ? {} : { body }),
        ...(path === "/sign-in-ways" ? { query: { lang } } : {}),
      }),
    onSuccess: onDone,
  });
  const button = (label: string, action: Act, sure?: string, isDanger = false) => (
    <button
      type="button"
      className={isDanger ? "button is-small is-danger" : "button is-small"}
      aria-disabled={act.isPending}
      onClick={() => {
        if (!act.isPending && (sure === undefined || window.confirm(sure))) act.mutate(action);
      }}
    >
      {label}
    </button>
  );
  /** The forms share one write; only the buttons below say how it ended. */
  const quiet = { isPending: act.isPending, isError: false, isSuccess: false, error: null };
  return (
    <div className="user-acts">
      <PartForm
        label={text.changeRole}
        write={quiet}
        onSubmit={(form) => act.mutate({ method: "PATCH", path: "", body: { role: textIn(form, "role") } })}
      >
        <label className="field">
          <span>{text.role}</span>
          <select name="role" defaultValue={user.role}>
            {ROLES.map((role) => (
              <option key={role} value={role}>
                {text.roles(role)}
              </option>
            ))}
          </select>
        </label>
      </PartForm>
      {user.ban === null ? (
        <PartForm
          label={text.suspend}
          write={quiet}
          isDanger
          onSubmit={(form) =>
            act.mutate({ method: "PATCH", path: "", body: { ban: { reason: textIn(form, "reason").trim() } } })
          }
        >
          <label className="field">
            <span>{text.reason}</span>
            <input name="reason" required maxLength={500} />
          </label>
        </PartForm>
      ) : (
        <p>
          {text.suspended}: {user.ban.reason} {button(text.lift, { method: "PATCH", path: "", body: { ban: null } })}
        </p>
      )}
      <p className="actions">
        {button(text.endSessions, { method: "DELETE", path: "/sessions" })}
        {button(text.resetFactor, { method: "DELETE", path: "/sign-in-ways" }, text.resetSure(user.name))}
        {button(text.eraseUser, { method: "DELETE", path: "" }, text.eraseUserSure(user.name), true)}
      </p>
      {act.isError ? <FaultNote fault={act.error} /> : null}
      <div role="status">{act.isSuccess ? <p>{text.done}</p> : null}</div>
    </div>
  );
}
