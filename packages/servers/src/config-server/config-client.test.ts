import { expect, test } from 'vitest';
import { freshClient, originOf } from './config-client.ts';
import { revision } from './testing/config-world.ts';

const application = (name: string) => {
  const found = revision().get('Application', name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};

test('[CS18] what a person edits over a link comes from the Application and the address of its other end', () => {
  const client = freshClient({ remote: '10.1.2.3' });
  client.application = application('workspace');
  client.viewer = 'person';
  expect(originOf(client)).toBe('workspace at 10.1.2.3');
  const nameless = {
    ...freshClient({}),
    application: application('workspace'),
    viewer: 'person' as const,
  };
  expect(originOf(nameless)).toBe('workspace');
  // As long as an origin may be.
  client.application = { ...application('workspace'), name: 'w'.repeat(255) };
  expect(originOf(client)).toHaveLength(255);
});

test('[CS18] a server is known by its name alone, and a client within the process by its address (CS16)', () => {
  const server = freshClient({ remote: '10.1.2.3' });
  server.application = application('config-south');
  server.viewer = 'config';
  expect(originOf(server)).toBe('config-south');
  const inner = { ...freshClient({ from: '10.9.9.9' }), application: application('config-north') };
  expect(originOf({ ...inner, viewer: 'person' })).toBe('10.9.9.9');
});
