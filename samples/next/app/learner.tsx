"use client";

import { createClient, EventStream, Session } from "@latchkey/client";
import { LatchkeyProvider, useSession, useUnlocks } from "@latchkey/client/react";
import { type FormEvent, useEffect, useMemo, useState } from "react";

/** Signs in and shows the chapters. The browser calls Latchkey itself: this page's origin has to be in ALLOWED_ORIGINS. */
export function Learner({ baseUrl, course }: { baseUrl: string; course: string }) {
  const [session, setSession] = useState<Session | null>(null);
  // The session is in the browser's storage, which the server that renders first does not have.
  useEffect(() => setSession(new Session({ baseUrl })), [baseUrl]);
  return session === null ? null : <SignedIn baseUrl={baseUrl} course={course} session={session} />;
}

function SignedIn({ baseUrl, course, session }: { baseUrl: string; course: string; session: Session }) {
  const user = useSession(session);
  const client = useMemo(() => createClient({ baseUrl, getToken: session.getToken }), [baseUrl, session]);
  const stream = useMemo(
    () => (user === null ? null : new EventStream({ baseUrl, getToken: session.getToken })),
    [baseUrl, session, user],
  );
  if (stream === null) return <SignIn session={session} />;
  return (
    <LatchkeyProvider client={client} stream={stream}>
      <Chapters course={course} />
    </LatchkeyProvider>
  );
}

function SignIn({ session }: { session: Session }) {
  const [problem, setProblem] = useState<string | null>(null);
  const onSubmit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const done = await session.signIn(String(form.get("email")), String(form.get("password")));
    setProblem(done.ok ? null : done.problem.title);
  };
  return (
    <form onSubmit={onSubmit}>
      <input name="email" type="email" required aria-label="E-mail address" />
      <input name="password" type="password" required aria-label="Password" />
      <button type="submit">Sign in</button>
      {problem === null ? null : <p role="alert">{problem}</p>}
    </form>
  );
}

function Chapters({ course }: { course: string }) {
  const { chapters } = useUnlocks(course);
  return (
    <ul>
      {chapters.data?.map((chapter) => (
        <li key={chapter.id}>
          {chapter.title}: {chapter.status}
        </li>
      ))}
    </ul>
  );
}
