import { expect, test } from 'vitest';
import { until } from './peers/processes.ts';
import { RtpStream } from './rtp-stream.ts';

const LATE_MS = 150;

test('who listens hears one second of the tone a second, also from a process that was late', async () => {
  const [speaker, listener] = [await RtpStream.open(440), await RtpStream.open(620)];
  try {
    const address = { host: '127.0.0.1', port: listener.port, payload: 0 } as const;
    speaker.sendToAddress(address);
    await until('the tone is heard', 5_000, () => listener.hears(440));
    expect(listener.hears(620)).toBe(false);
    // Packet after packet, the eighth would come 140 ms after the first; a busy machine may spoil some of the tries.
    const tookMs: number[] = [];
    while (tookMs.length < 10 && !tookMs.some((ms) => ms < LATE_MS + 100)) {
      const { received } = listener.figures;
      const startedAt = performance.now();
      // Nothing is sent while this process does not look at its timers.
      while (performance.now() < startedAt + LATE_MS);
      await until('what was due has come', 5_000, () => listener.figures.received >= received + 8);
      tookMs.push(performance.now() - startedAt);
    }
    expect(Math.min(...tookMs)).toBeLessThan(LATE_MS + 100);
    expect(listener.hears(440)).toBe(true);
  } finally {
    speaker.close();
    listener.close();
  }
});

test('the figures are those of the present call', async () => {
  const [speaker, listener] = [await RtpStream.open(440), await RtpStream.open(620)];
  try {
    speaker.sendToAddress({ host: '127.0.0.1', port: listener.port, payload: 8 });
    listener.sendToAddress({ host: '127.0.0.1', port: speaker.port, payload: 8 });
    await until('packets come', 5_000, () => listener.figures.received > 5);
    speaker.stopSending();
    listener.stopSending();
    expect(listener.figures.received).toBeGreaterThan(5);
    listener.sendToAddress({ host: '127.0.0.1', port: 9, payload: 0 });
    expect(listener.figures).toEqual({ received: 0, gapMaxMs: 0 });
  } finally {
    speaker.close();
    listener.close();
  }
});
