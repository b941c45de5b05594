/*
 * The role in a pair (rules PR of packages/continuity/SPEC.md) as a model for spin: two members and an arbiter's key.
 * What is asserted: two members never act at once.
 *
 * Time is discrete: a tick may come between any two steps, and any member may be as slow as it likes, so that a stopped
 * process needs no step of its own. A confirmation is lost, late, or overtaken by the next; an ask is lost, or late by
 * any time; a renewal or its answer is lost. The arbiter's watch lags, or skips revisions. One member may restart
 * without any memory. What only makes a lease shorter than it might be (a request to the mate that is late, a renewal
 * that is late) is left out, since less is allowed then. Clocks run alike here: what they differ by is the margin's
 * affair, and the simulation's.
 *
 * Each clause of the rules can be taken out by a macro, and then there are two primaries (scripts/check-model.ts):
 *   COUNT_FROM_ANSWER  NOW_BEFORE_MESSAGE  OWN_CONFIRMATIONS_IGNORED  CHANGED_KEY_IGNORED  NO_COMPARE_AND_SET
 *   CONFIRMS_WHILE_ASKING  NO_ANSWER_IS_NO  WRITTEN_LENGTH_IGNORED  SHORTENING_NOT_COUNTED  GRANT_OF_ANY_PROCESS
 *   GRANT_OF_ANY_ASK
 * START_NOT_COUNTED takes out the second net of PR2, and nothing is found.
 *
 * The tests search it completely in each run on a machine that has spin (scripts/check-model.spin.test.ts); last by hand on 22 November 2026:
 * 2.0 and 1.5 million states within the two bounds, never two primaries.
 *
 * An epoch is the revision that its grant made: it grows with each grant, which is all that is asked of it.
 */

/* The bounds of the search. */
#ifndef REV_MAX
#define REV_MAX 4    /* revisions of the key */
#endif
#ifndef ASK_MAX
#define ASK_MAX 2    /* asks of one life of a member */
#endif
#ifndef RESTARTS
#define RESTARTS 1
#endif

#define L 2          /* a lease; also what a standby waits */
#define LONG 3       /* PR5 */

#define STANDBY 0
#define ASKING 1
#define PRIMARY 2

/* The key at each revision that it has had. */
byte rev = 1;
byte keyEpoch[REV_MAX + 1], keyLength[REV_MAX + 1], keyHolder[REV_MAX + 1], keyProcess[REV_MAX + 1], keyAsk[REV_MAX + 1];

/* The members. */
byte role[2], epoch[2], highest[2], process[2], asks[2];
bool starting[2];
byte seen[2];              /* the revision seen last; 0 for none */
byte mateWait[2];          /* until nobody can count on a confirmation of mine */
byte keyWait[2];           /* until nobody can count on the revision seen last */
byte mateLease[2], arbiterLease[2];
byte askAge[2];            /* since my ask was first sent */
byte restarts;

/* On their way. The age of a confirmation counts from when it was asked for. */
bool confirmation[2];
byte confirmationEpoch[2], confirmationAge[2];
bool asked[2];
byte askedRev[2], askedAsk[2], askedProcess[2];

byte m, s = 1;   /* whose step it is, and its mate */

#define acts(m) (role[m] == PRIMARY && (mateLease[m] > 0 || arbiterLease[m] > 0))
#define atLeast(variable, value) variable = (variable > (value) -> variable : (value))
#define atMost(variable, value) variable = (variable < (value) -> variable : (value))
#define lower(variable) variable = (variable > 0 -> variable - 1 : 0)
#define older(variable) variable = (variable < L -> variable + 1 : L)
/* What is left of the mate's lease, or of a grant's, whose request was sent so long ago (PR2). */
#ifdef COUNT_FROM_ANSWER
#define leftOf(age) L
#else
#define leftOf(age) (L - (age))
#endif

#ifdef WRITTEN_LENGTH_IGNORED
#define waitFor(r) L
#else
#define waitFor(r) keyLength[r]
#endif

#ifdef OWN_CONFIRMATIONS_IGNORED
#define mateIsSilent true
#else
#define mateIsSilent (mateWait[m] == 0)
#endif
#ifdef CHANGED_KEY_IGNORED
#define keyIsUnchanged true
#else
#define keyIsUnchanged (keyWait[m] == 0)
#endif

/* PR4: the grant belongs to this process and to this ask. */
#ifdef GRANT_OF_ANY_PROCESS
#define isOfMyProcess(r) true
#else
#define isOfMyProcess(r) (keyProcess[r] == process[m])
#endif
#ifdef GRANT_OF_ANY_ASK
#define isOfMyAsk(r) true
#else
#define isOfMyAsk(r) (keyAsk[r] == asks[m])
#endif
#define isMyGrant(r) (keyHolder[r] == m && isOfMyProcess(r) && isOfMyAsk(r))

inline becomePrimary() {
  role[m] = PRIMARY; epoch[m] = keyEpoch[seen[m]]; mateLease[m] = 0; arbiterLease[m] = leftOf(askAge[m]); askAge[m] = 0
}

inline toStandby() {
  role[m] = STANDBY; epoch[m] = 0; mateLease[m] = 0; arbiterLease[m] = 0
}

/* PR3: the wait for a revision begins when it is first seen. PR4: what may be mine, and what ends an ask. */
inline see(r) {
  seen[m] = r; keyWait[m] = waitFor(seen[m]); starting[m] = false;
  atLeast(highest[m], keyEpoch[seen[m]]);
  if
  :: role[m] == ASKING && isMyGrant(seen[m]) -> becomePrimary()
  :: role[m] == ASKING && !isMyGrant(seen[m]) -> toStandby()
  :: role[m] == PRIMARY && keyEpoch[seen[m]] > epoch[m] -> toStandby()
#ifdef NO_ANSWER_IS_NO
  :: role[m] == STANDBY && asks[m] > 0 && isMyGrant(seen[m]) -> becomePrimary()
#endif
  :: else
  fi
}

/* PR2: the promise of `m` to its mate begins when the confirmation leaves. */
inline confirm() {
  confirmation[s] = true; confirmationEpoch[s] = epoch[s]; confirmationAge[s] = 0;
#ifdef NOW_BEFORE_MESSAGE
  /* It was stopped for a whole lease between reading the clock and reading the message. */
  mateWait[m] = 0
#else
  mateWait[m] = L
#endif
}

/* The mate is primary and asks to be confirmed; `m` reads that. */
inline hearRequest() {
  if
  :: starting[m] || epoch[s] < highest[m] || (role[m] == PRIMARY && epoch[s] <= epoch[m]) -> skip
  :: else ->
     highest[m] = epoch[s];
     if
     :: role[m] == PRIMARY -> toStandby()
#ifndef CONFIRMS_WHILE_ASKING
     /* PR4: taken back; when, is a matter of patience and not of safety. */
     :: role[m] == ASKING -> toStandby()
#endif
     :: else
     fi;
     confirm()
  fi
}

inline hearConfirmation() {
  if
  :: role[m] == PRIMARY && epoch[m] == confirmationEpoch[m] -> atLeast(mateLease[m], leftOf(confirmationAge[m]))
  :: else
  fi;
  confirmation[m] = false; confirmationEpoch[m] = 0; confirmationAge[m] = 0
}

/* PR3: by compare-and-set on the revision seen last. */
inline ask() {
  role[m] = ASKING; asks[m]++; askAge[m] = 0; sendAsk()
}

inline sendAsk() {
  asked[m] = true; askedRev[m] = seen[m]; askedAsk[m] = asks[m]; askedProcess[m] = process[m]
}

inline write(ofEpoch, ofProcess, ofAsk, length) {
  rev++; keyEpoch[rev] = ofEpoch; keyProcess[rev] = ofProcess; keyAsk[rev] = ofAsk; keyLength[rev] = length;
  keyHolder[rev] = m
}

/* The arbiter reads an ask. What became of it is seen by the watch, or by the answer to a repetition. */
inline arbitrate() {
  if
#ifdef NO_COMPARE_AND_SET
  :: true -> write(rev + 1, askedProcess[m], askedAsk[m], L)
#else
  :: askedRev[m] == rev -> write(rev + 1, askedProcess[m], askedAsk[m], L)
#endif
  :: else
  fi;
  asked[m] = false; askedRev[m] = 0; askedAsk[m] = 0; askedProcess[m] = 0
}

/* A renewal; `isAnswered` when the holder hears of it. One that fails is seen by the watch. */
inline renew(length, isAnswered) {
#ifndef SHORTENING_NOT_COUNTED
  /* PR5: from asking for a shorter lease on, no more than that counts. */
  atMost(arbiterLease[m], length);
#endif
  if
#ifdef NO_COMPARE_AND_SET
  :: true ->
#else
  :: seen[m] == rev ->
#endif
     write(epoch[m], process[m], asks[m], length);
     if
     :: isAnswered -> seen[m] = rev; keyWait[m] = waitFor(rev); atLeast(arbiterLease[m], length)
     :: else
     fi
  :: else
  fi
}

inline restart() {
  restarts++; process[m]++; toStandby(); highest[m] = 0; asks[m] = 0; askAge[m] = 0; starting[m] = true;
  seen[m] = 0; keyWait[m] = 0;
#ifdef START_NOT_COUNTED
  mateWait[m] = 0
#else
  mateWait[m] = L
#endif
}

inline tick() {
  lower(mateWait[m]); lower(keyWait[m]); lower(mateLease[m]); lower(arbiterLease[m]);
  if :: role[m] == ASKING -> older(askAge[m]) :: else fi;
  if :: confirmation[m] -> older(confirmationAge[m]) :: else fi
}

init {
  d_step {
    /* Member 0 has just been granted the role, and member 1 has just seen it. */
    keyEpoch[1] = 1; keyLength[1] = L; keyAsk[1] = 1;
    role[0] = PRIMARY; epoch[0] = 1; asks[0] = 1; arbiterLease[0] = L;
    highest[0] = 1; highest[1] = 1; seen[0] = 1; seen[1] = 1; keyWait[0] = L; keyWait[1] = L; mateWait[1] = L
  }
  do
  :: atomic {
       if :: m = 0; s = 1 :: m = 1; s = 0 fi;
       if
       :: d_step { role[s] == PRIMARY -> hearRequest() }
       :: d_step { confirmation[m] -> hearConfirmation() }
       :: d_step { role[m] == STANDBY && seen[m] > 0 && asks[m] < ASK_MAX && mateIsSilent && keyIsUnchanged -> ask() }
       :: d_step { role[m] == ASKING && !asked[m] -> sendAsk() }
       :: d_step { asked[m] && rev < REV_MAX -> arbitrate() }
       :: d_step { role[m] == PRIMARY && rev < REV_MAX -> renew(L, true) }
       :: d_step { role[m] == PRIMARY && rev < REV_MAX -> renew(L, false) }
       :: d_step { role[m] == PRIMARY && rev < REV_MAX -> renew(LONG, true) }
       :: d_step { role[m] == PRIMARY && rev < REV_MAX -> renew(LONG, false) }
       :: d_step { seen[m] < rev -> see(rev) }
       :: d_step { seen[m] + 1 < rev -> see(seen[m] + 1) }
       :: d_step { restarts < RESTARTS -> restart() }
       :: else
       fi;
       m = 0; s = 1
     }
  :: d_step { m = 0; tick(); m = 1; tick(); m = 0 }
  :: acts(0) && acts(1) -> assert(false)
  od
}
