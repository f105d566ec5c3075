import { useMutation } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";
import { Link, useLocation } from "wouter";
import type { Answer } from "../../../client/index.ts";
import { isRefusal } from "../../api/problem.ts";
import { request } from "../../api/request.ts";
import { useLanguage, useMessages } from "../../i18n/index.ts";
import { useWaysText } from "../../i18n/ways.ts";
import { deviceToken, typedEmail } from "../../lib/sign-in-memory.ts";
import { FaultNote } from "../../parts/fault.tsx";
import { Page } from "../../parts/page.tsx";
import { session } from "../../session/store.ts";
import SecondStep from "./second-step.tsx";
import { type Step, stepIn } from "./step.ts";

type SignedIn = Answer<"/api/v1/auth/sign-in/link/complete", "post">;
type Confirmed = Answer<"/api/v1/auth/email/complete", "post">;

/** What opens an account stands behind the `#`, which no server sees. */
const tokenInAddress = () => location.hash.slice(1);

/** A link that is good for nothing, in words; any other fault as it is. */
function LinkFault({ fault }: { fault: unknown }) {
  const text = useWaysText();
  const isGone = isRefusal(fault, "link_invalid") || (isRefusal(fault, "invalid_input") && tokenInAddress() === "");
  if (!isGone) return <FaultNote fault={fault} />;
  return (
    <div className="note is-bad" role="alert">
      <div>
        <strong>{text.linkGone}</strong>
        <p>{text.linkGoneText}</p>
      </div>
    </div>
  );
}

/** Sets a new password by the link of a mail. */
export function NewPasswordPage() {
  const text = useWaysText();
  const messages = useMessages();
  const lang = useLanguage();
  const set = useMutation({
    mutationFn: (new_password: string) =>
      request("/auth/recovery/complete", {
        method: "POST",
        query: { lang },
        body: { token: tokenInAddress(), new_password },
        signedIn: false,
      }),
  });
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const password = String(new FormData(event.currentTarget).get("password") ?? "");
    if (!set.isPending) set.mutate(password);
  };
  return (
    <Page title={text.forgottenTitle}>
      {set.isSuccess ? (
        <>
          <p className="note is-good" role="status">
            {text.passwordSet}
          </p>
          <Link className="button is-primary" href="/sign-in">
            {messages.signIn}
          </Link>
        </>
      ) : (
        <form className="form" onSubmit={onSubmit}>
          <label className="field">
            <span>{text.newPassword}</span>
            <input
              name="password"
              type="password"
              autoComplete="new-password"
              required
              minLength={10}
              maxLength={128}
            />
            <span className="fine">{messages.passwordHint}</span>
          </label>
          {set.isError ? <LinkFault fault={set.error} /> : null}
          <button type="submit" className="button is-primary" aria-disabled={set.isPending}>
            {set.isPending ? messages.working : text.setPassword}
          </button>
        </form>
      )}
    </Page>
  );
}

/** Signs in by the link of a mail. Somebody presses a button: programs that look into mail open every link. */
export function LinkPage() {
  const text = useWaysText();
  const messages = useMessages();
  const [, go] = useLocation();
  const [step, setStep] = useState<Step | null>(null);
  const enter = useMutation({
    mutationFn: () =>
      request<SignedIn>("/auth/sign-in/link/complete", {
        method: "POST",
        body: { token: tokenInAddress(), device_token: deviceToken(typedEmail()) },
        signedIn: false,
      }),
    onSuccess: (answer) => {
      session.begin(answer, { keep: true });
      go("/courses");
    },
    onError: (fault) => setStep(stepIn(fault, typedEmail(), true)),
  });
  return (
    <Page title={text.linkTitle}>
      {step === null ? (
        <>
          <p>{text.openLink}</p>
          {enter.isError ? <LinkFault fault={enter.error} /> : null}
          <button
            type="button"
            className="button is-primary"
            aria-disabled={enter.isPending}
            onClick={() => {
              if (!enter.isPending) enter.mutate();
            }}
          >
            {enter.isPending ? messages.working : messages.signIn}
          </button>
        </>
      ) : (
        <SecondStep step={step} trustDays={0} back={() => go("/sign-in")} />
      )}
    </Page>
  );
}

/** Confirms an address, for whoever is signed in. */
export function ConfirmPage() {
  const text = useWaysText();
  const messages = useMessages();
  const lang = useLanguage();
  const confirm = useMutation({
    mutationFn: () =>
      request<Confirmed>("/auth/email/complete", {
        method: "POST",
        query: { lang },
        body: { token: tokenInAddress() },
      }),
    onSuccess: () => session.renew(),
  });
  return (
    <Page title={text.confirmTitle}>
      {confirm.isSuccess ? (
        <p className="note is-good" role="status">
          {text.confirmed(confirm.data.email ?? "")}
        </p>
      ) : (
        <button
          type="button"
          className="button is-primary"
          aria-disabled={confirm.isPending}
          onClick={() => {
            if (!confirm.isPending) confirm.mutate();
          }}
        >
          {confirm.isPending ? messages.working : text.confirm}
        </button>
      )}
      {confirm.isError ? <LinkFault fault={confirm.error} /> : null}
      <p>
        <Link href="/account">{text.toAccount}</Link>
      </p>
    </Page>
  );
}
