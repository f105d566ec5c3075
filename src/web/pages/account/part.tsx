import { type ReactNode, type SubmitEvent, useId } from "react";
import { useMessages } from "../../i18n/index.ts";
import { FaultNote } from "../../parts/fault.tsx";

/** One part of the account page. */
export function Part({ title, hint, children }: { title: string; hint?: string; children: ReactNode }) {
  const id = useId();
  return (
    <section className="account-part" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {hint === undefined ? null : <p className="fine">{hint}</p>}
      {children}
    </section>
  );
}

/** A form of an account part: a fault is shown, and the typed text stays. */
export function PartForm(props: {
  label: string;
  write: { isPending: boolean; isError: boolean; isSuccess: boolean; error: unknown };
  done?: string;
  isDanger?: boolean;
  onSubmit: (form: FormData, element: HTMLFormElement) => void;
  children?: ReactNode;
}) {
  const { label, write, done, onSubmit, children, isDanger = false } = props;
  const messages = useMessages();
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (!write.isPending) onSubmit(new FormData(event.currentTarget), event.currentTarget);
  };
  return (
    <form className="form" onSubmit={submit}>
      {children}
      {write.isError ? <FaultNote fault={write.error} /> : null}
      <div role="status">{write.isSuccess && done !== undefined ? <p className="note is-good">{done}</p> : null}</div>
      <button type="submit" className={isDanger ? "button is-danger" : "button"} aria-disabled={write.isPending}>
        {write.isPending ? messages.working : label}
      </button>
    </form>
  );
}

export const textIn = (form: FormData, name: string) => String(form.get(name) ?? "");

/** A password field, which password managers know. */
export function PasswordField({ label, name, isNew = false }: { label: string; name: string; isNew?: boolean }) {
  return (
    <label className="field">
      <span>{label}</span>
      <input
        name={name}
        type="password"
        required
        maxLength={128}
        {...(isNew ? { minLength: 10 } : {})}
        autoComplete={isNew ? "new-password" : "current-password"}
      />
    </label>
  );
}
