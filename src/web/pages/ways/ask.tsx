import { useMutation } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";
import { request } from "../../api/request.ts";
import { useLanguage, useMessages } from "../../i18n/index.ts";
import { useWaysText } from "../../i18n/ways.ts";
import { rememberEmail, typedEmail } from "../../lib/sign-in-memory.ts";
import { FaultNote } from "../../parts/fault.tsx";

const PATHS = { forgotten: "/auth/recovery", link: "/auth/sign-in/link" } as const;

/** Asks for a link by mail: for a new password, or to sign in. */
export function AskForLink({ kind, back }: { kind: keyof typeof PATHS; back: () => void }) {
  const text = useWaysText();
  const messages = useMessages();
  const lang = useLanguage();
  const [email, setEmail] = useState(typedEmail);
  const ask = useMutation({
    mutationFn: () =>
      request(PATHS[kind], { method: "POST", query: { lang }, body: { email: email.trim() }, signedIn: false }),
  });
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (!ask.isPending) ask.mutate();
  };
  return (
    <form className="form" onSubmit={onSubmit}>
      <label className="field">
        <span>{messages.email}</span>
        <input
          name="email"
          type="email"
          autoComplete="username"
          required
          maxLength={254}
          value={email}
          onChange={(event) => {
            setEmail(event.target.value);
            rememberEmail(event.target.value);
          }}
        />
      </label>
      {ask.isError ? <FaultNote fault={ask.error} /> : null}
      <div role="status">{ask.isSuccess ? <p className="note is-good">{text.sent(email.trim())}</p> : null}</div>
      <button type="submit" className="button is-primary" aria-disabled={ask.isPending}>
        {ask.isPending ? messages.working : text.sendLink}
      </button>
      <button type="button" className="link" onClick={back}>
        {text.backToSignIn}
      </button>
    </form>
  );
}
