-- By which row a message was answered, 0 where it was answered and left none, NULL where nothing was said to it: a
-- program that was killed before it said so finds here what to say.
ALTER TABLE seen ADD COLUMN row INTEGER;
