-- One row for each scope and unit; a reservation takes from all of them or from none.
CREATE TABLE budget (scope text, unit text, level int NOT NULL, ceiling bigint NOT NULL, remaining bigint NOT NULL, PRIMARY KEY (scope, unit));
CREATE TABLE reservation (
  id text PRIMARY KEY, scopes text[] NOT NULL, units text[] NOT NULL, amounts bigint[] NOT NULL, state text NOT NULL, expires timestamptz NOT NULL);
CREATE INDEX open_reservation ON reservation (expires) WHERE state = 'open';

-- Takes it where it is there, and says of how many rows. Rows are locked in one order, so that no two transactions wait
-- for one another.
CREATE FUNCTION take(scopes text[], units text[], amounts bigint[]) RETURNS int LANGUAGE plpgsql AS $$
DECLARE taken int;
BEGIN
  PERFORM 1 FROM budget WHERE scope = ANY (scopes) AND unit = ANY (units) ORDER BY level, scope, unit FOR UPDATE;
  UPDATE budget SET remaining = remaining - amount FROM unnest(units, amounts) AS each(wanted, amount)
    WHERE scope = ANY (scopes) AND unit = wanted AND remaining >= amount;
  GET DIAGNOSTICS taken = ROW_COUNT;
  RETURN taken;
END $$;

-- (a) the update is the check.
CREATE FUNCTION reserve_by_update(call text, given text[], wanted text[], costs bigint[], ttl interval) RETURNS text LANGUAGE plpgsql AS $$
DECLARE earlier text;
BEGIN
  INSERT INTO reservation VALUES (call, given, wanted, costs, 'open', clock_timestamp() + ttl) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN SELECT state INTO earlier FROM reservation WHERE id = call; RETURN earlier; END IF;
  IF take(given, wanted, costs) < cardinality(given) * cardinality(wanted) THEN RAISE 'insufficient' USING ERRCODE = 'P0001'; END IF;
  RETURN 'held';
END $$;

-- (b) check, then write; what serializable transactions may not do at once, the server refuses and the client repeats.
CREATE FUNCTION reserve_by_check(call text, given text[], wanted text[], costs bigint[], ttl interval) RETURNS text LANGUAGE plpgsql AS $$
DECLARE earlier text; lacking int;
BEGIN
  SELECT state INTO earlier FROM reservation WHERE id = call;
  IF FOUND THEN RETURN earlier; END IF;
  SELECT count(*) INTO lacking FROM budget, unnest(wanted, costs) AS each(unit, amount)
    WHERE scope = ANY (given) AND budget.unit = each.unit AND remaining < amount;
  IF lacking > 0 THEN RETURN 'insufficient'; END IF;
  INSERT INTO reservation VALUES (call, given, wanted, costs, 'open', clock_timestamp() + ttl);
  PERFORM take(given, wanted, costs);
  RETURN 'held';
END $$;

CREATE FUNCTION give_back(held reservation, actual bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM budget WHERE scope = ANY (held.scopes) AND unit = ANY (held.units) ORDER BY level, scope, unit FOR UPDATE;
  UPDATE budget SET remaining = remaining + most - spent FROM unnest(held.units, held.amounts, actual) AS each(unit, most, spent)
    WHERE scope = ANY (held.scopes) AND budget.unit = each.unit AND most <> spent;
END $$;

CREATE FUNCTION finish(call text, ending text, actual bigint[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE held reservation;
BEGIN
  UPDATE reservation SET state = ending WHERE id = call AND state = 'open' RETURNING * INTO held;
  IF NOT FOUND THEN RETURN 'not open'; END IF;
  -- Spent as reserved, the usual case: no budget has to change.
  IF actual <> held.amounts THEN PERFORM give_back(held, actual); END IF;
  RETURN ending;
END $$;

-- Reservations whose time is over are given back, as those with a time to live are. It waits for another that is at it:
-- whoever asks again afterwards must find what is back.
CREATE FUNCTION sweep() RETURNS int LANGUAGE plpgsql AS $$
DECLARE held reservation; swept int := 0;
BEGIN
  FOR held IN UPDATE reservation SET state = 'expired' WHERE id IN (
      SELECT id FROM reservation WHERE state = 'open' AND expires <= clock_timestamp() ORDER BY id LIMIT 100 FOR UPDATE) RETURNING * LOOP
    PERFORM give_back(held, array_fill(0::bigint, ARRAY[cardinality(held.units)]));
    swept := swept + 1;
  END LOOP;
  RETURN swept;
END $$;
