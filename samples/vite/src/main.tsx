import { LatchkeyProvider, SSEConnectionStatus, useSession, useUnlocks } from "@latchkey/client/react";
import { type FormEvent, StrictMode, useMemo, useState } from "react";
import { createRoot } from "react-dom/client";
import { client, newStream, session } from "./latchkey";

function SignIn() {
  const [problem, setProblem] = useState<string | null>(null);
  const onSubmit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const done = await session.signIn(String(form.get("email")), String(form.get("password")));
    setProblem(done.ok ? null : done.problem.title);
  };
  return (
    <form onSubmit={onSubmit}>
      <label>
        E-mail address <input name="email" type="email" required />
      </label>
      <label>
        Password <input name="password" type="password" required />
      </label>
      <button type="submit">Sign in</button>
      {problem === null ? null : <p role="alert">{problem}</p>}
    </form>
  );
}

function Course({ id }: { id: string }) {
  const { chapters } = useUnlocks(id);
  if (chapters.error !== null) return <p role="alert">{chapters.error.message}</p>;
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

function App() {
  const user = useSession(session);
  const stream = useMemo(() => (user === null ? null : newStream()), [user]);
  if (user === null || stream === null) return <SignIn />;
  return (
    <LatchkeyProvider client={client} stream={stream}>
      <SSEConnectionStatus lang="en" />
      <Course id="algorithms" />
      <button type="button" onClick={() => void session.signOut()}>
        Sign out {user.name}
      </button>
    </LatchkeyProvider>
  );
}

const place = document.getElementById("app");
if (place !== null) {
  createRoot(place).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
