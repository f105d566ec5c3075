import { useMutation, useQuery } from "@tanstack/react-query";
import { lazy, type SubmitEvent, Suspense, useId, useState } from "react";
import type { Answer } from "../../client/index.ts";
import { isRefusal } from "../api/problem.ts";
import { request } from "../api/request.ts";
import { useMessages } from "../i18n/index.ts";
import { useWaysText } from "../i18n/ways.ts";
import { knowsPasskeys, PasskeyRefusedError, showPasskey } from "../lib/passkeys.ts";
import { deviceToken, rememberEmail, typedEmail } from "../lib/sign-in-memory.ts";
import { useStore } from "../lib/use-store.ts";
import { FaultNote, Loading } from "../parts/fault.tsx";
import { KeyholeMark } from "../parts/icons.tsx";
import { Page } from "../parts/page.tsx";
import { session } from "../session/store.ts";
import { AskForLink } from "./ways/ask.tsx";
import { SignOnButtons } from "./ways/sign-on.tsx";
import { type Step, stepIn } from "./ways/step.ts";

const SecondStep = lazy(() => import("./ways/second-step.tsx"));

type SignedIn = Parameters<typeof session.begin>[0];
type Ways = Answer<"/api/v1/auth/ways", "get">;
type Mode = "sign-in" | "sign-up" | "forgotten" | "link";

/** The sign-in page: sign in, or register as a learner. Whatever address was asked for opens afterwards. */
export function SignInPage() {
  const messages = useMessages();
  const text = useWaysText();
  const state = useStore(session.state);
  const [mode, setMode] = useState<Mode>("sign-in");
  const [step, setStep] = useState<Step | null>(null);
  const ways = useQuery({
    queryKey: ["ways"],
    queryFn: () => request<Ways>("/auth/ways", { signedIn: false }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const hasEnded = state.kind === "signed-out" && state.reason === "ended";
  const toSignIn = () => {
    setMode("sign-in");
    setStep(null);
  };
  const titles: Record<Mode, string> = {
    "sign-in": messages.signIn,
    "sign-up": messages.signUp,
    forgotten: text.forgottenTitle,
    link: text.linkTitle,
  };
  const leads: Record<Mode, string> = {
    "sign-in": messages.signInLead,
    "sign-up": messages.signInLead,
    forgotten: text.forgottenLead,
    link: text.linkLead,
  };
  return (
    <div className="sign-in">
      <div className="sign-in-art" aria-hidden="true">
        <KeyholeMark />
      </div>
      <Page title={titles[mode]} lead={<p>{leads[mode]}</p>}>
        {hasEnded ? (
          <p className="note" role="status">
            {messages.sessionEnded}
          </p>
        ) : null}
        {step !== null ? (
          <Suspense fallback={<Loading />}>
            <SecondStep step={step} trustDays={ways.data?.trusted_device_days ?? 0} back={toSignIn} />
          </Suspense>
        ) : mode === "forgotten" || mode === "link" ? (
          <AskForLink key={mode} kind={mode} back={toSignIn} />
        ) : (
          <>
            <SignInForm key={mode} isNew={mode === "sign-up"} onStep={setStep} />
            {mode === "sign-in" ? <OtherWays ways={ways.data} choose={setMode} /> : null}
            <p className="fine">
              {mode === "sign-up" ? messages.haveAccount : messages.noAccount}{" "}
              <button
                type="button"
                className="link"
                onClick={() => setMode(mode === "sign-up" ? "sign-in" : "sign-up")}
              >
                {mode === "sign-up" ? messages.signIn : messages.signUp}
              </button>
            </p>
          </>
        )}
      </Page>
    </div>
  );
}

/** Whatever is switched on beside the password. */
function OtherWays({ ways, choose }: { ways: Ways | undefined; choose: (mode: Mode) => void }) {
  const messages = useMessages();
  const text = useWaysText();
  const enter = useMutation({
    mutationFn: async () => {
      const { challenge, options } = await request<Answer<"/api/v1/auth/sign-in/passkey/options", "post">>(
        "/auth/sign-in/passkey/options",
        { method: "POST", signedIn: false },
      );
      const credential = await showPasskey(options);
      const body = { challenge, credential };
      const answer = await request<SignedIn>("/auth/sign-in/passkey", { method: "POST", body, signedIn: false });
      session.begin(answer, { keep: true });
    },
  });
  return (
    <div className="other-ways">
      <SignOnButtons />
      {ways?.passkeys === true && knowsPasskeys() ? (
        <button
          type="button"
          className="button"
          aria-disabled={enter.isPending}
          onClick={() => {
            if (!enter.isPending) enter.mutate();
          }}
        >
          {enter.isPending ? messages.working : text.passkey}
        </button>
      ) : null}
      {enter.error instanceof PasskeyRefusedError ? <p role="alert">{text.passkeyGone}</p> : null}
      {enter.isError && !(enter.error instanceof PasskeyRefusedError) ? <FaultNote fault={enter.error} /> : null}
      {ways?.sign_in_links === true ? (
        <button type="button" className="link" onClick={() => choose("link")}>
          {text.mailMe}
        </button>
      ) : null}
      {ways?.recovery === true ? (
        <button type="button" className="link" onClick={() => choose("forgotten")}>
          {text.forgotten}
        </button>
      ) : null}
    </div>
  );
}

function SignInForm({ isNew, onStep }: { isNew: boolean; onStep: (step: Step) => void }) {
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
      const keep = form.get("keep") !== null;
      try {
        const answer = await request<SignedIn>("/auth/sign-in", {
          method: "POST",
          body: { email, password, device_token: deviceToken(email) },
          signedIn: false,
        });
        session.begin(answer, { keep });
      } catch (fault) {
        const step = stepIn(fault, email, keep);
        if (step === null) throw fault;
        onStep(step);
      }
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
        <input
          name="email"
          type="email"
          autoComplete="username"
          required
          maxLength={254}
          defaultValue={typedEmail()}
          onChange={(event) => rememberEmail(event.target.value)}
        />
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
