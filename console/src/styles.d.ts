/** Style sheets are imported for what they do, and have no members. */
declare module "*.css";
