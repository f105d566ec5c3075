import { useMutation } from "@tanstack/react-query";
import { type SubmitEvent, useId, useState } from "react";
import { isRefusal } from "../api/problem.ts";
import { request } from "../api/request.ts";
import { useMessages } from "../i18n/index.ts";
import { useStore } from "../lib/use-store.ts";
import { FaultNote } from "../parts/fault.tsx";
import { KeyholeMark } from "../parts/icons.tsx";
import { Page } from "../parts/page.tsx";
import { session } from "../session/store.ts";

type SignedIn = Parameters<typeof session.begin>[0];

/** The sign-in page: sign in, or register as a learner. Whatever address was asked for opens afterwards. */
export function SignInPage() {
  const messages = useMessages();
  const state = useStore(session.state);
  const [isNew, setIsNew] = useState(false);
  const hasEnded = state.kind === "signed-out" && state.reason === "ended";
  return (
    <div className="sign-in">
      <div className="sign-in-art" aria-hidden="true">
        <KeyholeMark />
      </div>
      <Page title={isNew ? messages.signUp : messages.signIn} lead={<p>{messages.signInLead}</p>}>
        {hasEnded ? (
          <p className="note" role="status">
            {messages.sessionEnded}
          </p>
        ) : null}
        <SignInForm key={String(isNew)} isNew={isNew} />
        <p className="fine">
          {isNew ? messages.haveAccount : messages.noAccount}{" "}
          <button type="button" className="link" onClick={() => setIsNew(!isNew)}>
            {isNew ? messages.signIn : messages.signUp}
          </button>
        </p>
      </Page>
    </div>
  );
}

function SignInForm({ isNew }: { isNew: boolean }) {
  const messages = useMessages();
  const id = useId();
  const enter = useMutation({
    mutationFn: async (form: FormData) => {
      const text = (name: string) => String(form.get(name) ?? "");
      const body = {
        email: text("email").trim(),
        password: text("password"),
        ...(isNew ? { name: text("name") } : {}),
      };
      if (isNew) await request("/auth/sign-up", { method: "POST", body, signedIn: false });
      // Registering does not show whether the address was free: signing in does, to who knows the password.
      const { email, password } = body;
      const answer = await request<SignedIn>("/auth/sign-in", {
        method: "POST",
        body: { email, password },
        signedIn: false,
      });
      session.begin(answer, { keep: form.get("keep") !== null });
    },
  });
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (!enter.isPending) enter.mutate(new FormData(event.currentTarget));
  };
  return (
    <form className="form" onSubmit={onSubmit}>
      {isNew ? (
        <label className="field">
          <span>{messages.name}</span>
          <input name="name" autoComplete="name" required maxLength={100} />
        </label>
      ) : null}
      <label className="field">
        <span>{messages.email}</span>
        <input name="email" type="email" autoComplete="username" required maxLength={254} />
      </label>
      <label className="field">
        <span>{messages.password}</span>
        <input
          name="password"
          type="password"
          autoComplete={isNew ? "new-password" : "current-password"}
          required
          {...(isNew ? { minLength: 10, "aria-describedby": `${id}-hint` } : {})}
        />
        {isNew ? (
          <span className="fine" id={`${id}-hint`}>
            {messages.passwordHint}
          </span>
        ) : null}
      </label>
      <label className="check">
        <input type="checkbox" name="keep" defaultChecked aria-describedby={`${id}-keep`} />
        <span>{messages.keepSignedIn}</span>
      </label>
      <p className="fine" id={`${id}-keep`}>
        {messages.keepHint}
      </p>
      {enter.isError ? <FaultNote fault={enter.error} /> : null}
      {enter.isError && isNew && isRefusal(enter.error, "invalid_credentials") ? (
        <p className="fine">{messages.maybeTaken}</p>
      ) : null}
      <button type="submit" className="button is-primary" aria-disabled={enter.isPending}>
        {enter.isPending ? messages.working : isNew ? messages.signUp : messages.signIn}
      </button>
    </form>
  );
}
