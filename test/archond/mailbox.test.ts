import { describe, expect, it } from 'vitest';
import { Mailbox } from '../../src/archond/mailbox.ts';

describe('the mailbox', () => {
  const unexpected = (error: unknown): never => {
    throw error;
  };

  it('runs steps one after the other, each to its end', () => {
    const mailbox = new Mailbox(unexpected);
    const seen: string[] = [];
    mailbox.post(() => {
      seen.push('first begins');
      mailbox.post(() => seen.push('second'));
      seen.push('first ends');
    });
    expect(seen).toEqual(['first begins', 'first ends', 'second']);
  });

  it('runs what comes between at once where nothing is under way, else behind all steps', () => {
    const mailbox = new Mailbox(unexpected);
    const seen: string[] = [];
    mailbox.whenIdle(() => seen.push('at once'));
    mailbox.post(() => {
      mailbox.whenIdle(() => {
        seen.push('between');
        mailbox.post(() => seen.push('step of between'));
        seen.push('between ends');
      });
      mailbox.whenIdle(() => seen.push('another'));
      mailbox.post(() => seen.push('step'));
    });
    expect(seen).toEqual(['at once', 'step', 'between', 'step of between', 'between ends', 'another']);
  });

  it('that is held runs nothing, until it is released; then the steps, and what comes between behind them', () => {
    const mailbox = new Mailbox(unexpected);
    const seen: string[] = [];
    mailbox.hold();
    mailbox.whenIdle(() => seen.push('between'));
    mailbox.post(() => seen.push('first'));
    mailbox.post(() => seen.push('second'));
    expect(seen).toEqual([]);
    mailbox.release();
    expect(seen).toEqual(['first', 'second', 'between']);
    mailbox.post(() => seen.push('third'));
    expect(seen.at(-1)).toBe('third');
  });

  it('is no deeper for many that follow each other', () => {
    const mailbox = new Mailbox(unexpected);
    let left = 100_000;
    const next = (): void => {
      left -= 1;
      if (left > 0)
        mailbox.post(() => {
          mailbox.whenIdle(next);
        });
    };
    mailbox.whenIdle(next);
    expect(left).toBe(0);
  });

  it('goes on where one throws', () => {
    const failed: unknown[] = [];
    const mailbox = new Mailbox((error) => failed.push(error));
    const seen: string[] = [];
    mailbox.post(() => {
      mailbox.post(() => seen.push('step'));
      mailbox.whenIdle(() => {
        throw new Error('between');
      });
      mailbox.whenIdle(() => seen.push('between'));
      throw new Error('step');
    });
    expect(failed.map(String)).toEqual(['Error: step', 'Error: between']);
    expect(seen).toEqual(['step', 'between']);
  });
});
